// A generic netlink socket in a group whose number the kernel made up.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = socket(AF_NETLINK, SOCK_RAW, 16 /* NETLINK_GENERIC */),
      group = 20;  // Not that of the controller, which is 16 everywhere.
  EXPECT(fd >= 0);
  if (setsockopt(fd, 270 /* SOL_NETLINK */, 1 /* NETLINK_ADD_MEMBERSHIP */, &group, sizeof group) !=
      0)
    e2e_skip("no such group");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
