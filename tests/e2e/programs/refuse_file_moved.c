// An open file that has lost the name it was opened by, and has another.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open(e2e_file("first"), O_RDWR | O_CREAT, 0600);
  EXPECT(fd >= 0);
  EXPECT_EQ(link(e2e_file("first"), e2e_file("second")), 0);
  EXPECT_EQ(unlink(e2e_file("first")), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(write(fd, "x", 1), 1);
  return e2e_ok();
}
