// A file system that is being configured.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = syscall(430 /* fsopen */, "tmpfs", 0);
  if (fd < 0) e2e_skip("only root mounts");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
