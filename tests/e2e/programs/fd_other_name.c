// A file that is only read, whose name was replaced and whose other name nobody knows: its contents come back.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char elsewhere[PATH_MAX], text[16] = "";
  EXPECT_EQ(mkdir(e2e_file("dir"), 0755), 0);
  snprintf(elsewhere, sizeof elsewhere, "%s/name", e2e_file("dir"));
  int made = open(e2e_file("read"), O_WRONLY | O_CREAT | O_EXCL, 0600);
  EXPECT_EQ(write(made, "the old one", 11), 11);
  close(made);
  int fd = open(e2e_file("read"), O_RDONLY);
  EXPECT_EQ(lseek(fd, 4, SEEK_SET), 4);
  EXPECT_EQ(link(e2e_file("read"), elsewhere), 0);
  EXPECT_EQ(unlink(e2e_file("read")), 0);
  made = open(e2e_file("read"), O_WRONLY | O_CREAT | O_EXCL, 0600);
  EXPECT_EQ(write(made, "the new one", 11), 11);
  close(made);
  e2e_ready_and_wait();
  EXPECT_EQ(read(fd, text, 15), 7);
  EXPECT(strcmp(text, "old one") == 0);
  EXPECT_EQ(access(elsewhere, F_OK), 0);
  return e2e_ok();
}
