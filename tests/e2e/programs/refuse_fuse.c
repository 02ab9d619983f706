// A file system in user space has unanswered requests; the job must not notice the attempt.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open("/dev/fuse", O_RDWR);
  if (fd < 0) e2e_skip("no /dev/fuse here");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
