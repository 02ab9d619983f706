// A port may be the audit daemon's; the job must not notice the attempt.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

// linux/netlink.h, which not every C library comes with.
struct sockaddr_netlink {
  uint16_t family, pad;
  uint32_t port, groups;
};

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = socket(AF_NETLINK, SOCK_RAW, 9 /* NETLINK_AUDIT */);
  if (fd < 0) e2e_skip("no audit here");
  struct sockaddr_netlink name = {.family = AF_NETLINK};
  EXPECT_EQ(bind(fd, (struct sockaddr*)&name, sizeof name), 0);
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
