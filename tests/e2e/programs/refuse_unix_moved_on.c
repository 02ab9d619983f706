// One of a pair of datagram sockets has been connected elsewhere.
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int pair[2], named = socket(AF_UNIX, SOCK_DGRAM, 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", e2e_file("s"));
  EXPECT_EQ(bind(named, (struct sockaddr*)&address, sizeof address), 0);
  EXPECT_EQ(connect(pair[1], (struct sockaddr*)&address, sizeof address), 0);
  int error;
  socklen_t size = sizeof error;
  EXPECT_EQ(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &error, &size), 0);  // Read it.
  e2e_ready_and_wait();
  EXPECT_EQ(send(pair[1], "x", 1, 0), 1);
  EXPECT_EQ(unlink(address.sun_path), 0);
  return e2e_ok();
}
