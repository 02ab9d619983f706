// A memfd under a lock.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = syscall(SYS_memfd_create, "locked", 0);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  EXPECT_EQ(fcntl(fd, F_SETLK, &lock), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(ftruncate(fd, 10), 0);
  return e2e_ok();
}
