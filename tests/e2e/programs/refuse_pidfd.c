// A pidfd of a process that is not of the job cannot be saved; the job must not notice the attempt.
#include <sys/syscall.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  long parent = syscall(SYS_pidfd_open, getppid(), 0);
  EXPECT(parent >= 0);
  e2e_ready_and_wait();
  EXPECT(fcntl(parent, F_GETFD) >= 0);
  return e2e_ok();
}
