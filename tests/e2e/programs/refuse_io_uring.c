// An io_uring instance cannot be saved; the job must not notice the attempt.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static char parameters[120];
  long ring = syscall(SYS_io_uring_setup, 4, parameters);
  if (ring < 0) e2e_skip("io_uring is switched off here");
  e2e_ready_and_wait();
  EXPECT(fcntl(ring, F_GETFD) >= 0);
  return e2e_ok();
}
