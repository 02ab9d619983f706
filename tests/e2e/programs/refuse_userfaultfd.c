// A userfaultfd cannot be saved; the job must not notice the attempt.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  long fd = syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */ | O_CLOEXEC);
  if (fd < 0) e2e_skip("no userfaultfd here");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
