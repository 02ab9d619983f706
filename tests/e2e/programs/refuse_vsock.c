// A socket to a virtual machine's host cannot be saved; the job must not notice the attempt.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = socket(40 /* AF_VSOCK */, SOCK_STREAM, 0);
  if (fd < 0) e2e_skip("no vsock here");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
