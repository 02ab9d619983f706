// The same of a file that is written: a copy would part the job from whoever uses that name.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char elsewhere[PATH_MAX], text[16] = "";
  EXPECT_EQ(mkdir(e2e_file("dir"), 0755), 0);
  snprintf(elsewhere, sizeof elsewhere, "%s/name", e2e_file("dir"));
  int fd = open(e2e_file("written"), O_RDWR | O_CREAT | O_EXCL, 0600);
  EXPECT_EQ(link(e2e_file("written"), elsewhere), 0);
  EXPECT_EQ(unlink(e2e_file("written")), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(write(fd, "seen", 4), 4);
  EXPECT_EQ(e2e_read_file(elsewhere, text, sizeof text), 4);
  return e2e_ok();
}
