// An unread packet of a raw socket: nobody else can send it there.  The job must not notice.
#include "tests/e2e/programs/inet.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = socket(AF_INET, SOCK_RAW, 150 + getpid() % 51);
  if (fd < 0) e2e_skip("needs CAP_NET_RAW");
  inet_connect(fd, "127.0.0.1", 0);
  inet_write(fd, "hello");
  e2e_ready_and_wait();
  char got[64];
  EXPECT_EQ(recv(fd, got, sizeof got, MSG_DONTWAIT), 25);
  EXPECT(memcmp(got + 20, "hello", 5) == 0);
  return e2e_ok();
}
