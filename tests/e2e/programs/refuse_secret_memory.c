// Memory that the kernel itself does not map.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = syscall(447 /* memfd_secret */, 0);
  if (fd < 0) e2e_skip("no secret memory (secretmem.enable)");
  EXPECT_EQ(ftruncate(fd, 4096), 0);
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
