// The audit system keeps more of a socket than it shows; the job must not notice the attempt.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = socket(AF_NETLINK, SOCK_RAW, 9 /* NETLINK_AUDIT */);
  if (fd < 0) e2e_skip("no audit here");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
