// A file made with O_TMPFILE, which never had a name.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char dir[PATH_MAX], text[8] = "";
  snprintf(dir, sizeof dir, "%s", e2e_state);
  *strrchr(dir, '/') = 0;
  int fd = open(dir, O_TMPFILE | O_RDWR, 0600);
  if (fd < 0) e2e_skip("this file system has no O_TMPFILE");
  EXPECT_EQ(write(fd, "nameless", 8), 8);
  EXPECT_EQ(lseek(fd, 4, SEEK_SET), 4);
  e2e_ready_and_wait();
  EXPECT_EQ(read(fd, text, 7), 4);
  EXPECT(strcmp(text, "less") == 0);
  return e2e_ok();
}
