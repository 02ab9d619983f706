// What is corked shows to nobody.
#include <netinet/udp.h>

#include "tests/e2e/programs/inet.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int to = inet_bound("127.0.0.1", SOCK_DGRAM), from = inet_bound("127.0.0.1", SOCK_DGRAM);
  inet_connect(from, "127.0.0.1", inet_port(to));
  EXPECT_EQ(send(from, "first", 5, MSG_MORE), 5);
  e2e_ready_and_wait();
  EXPECT_EQ(send(from, "last", 4, 0), 4);
  inet_expect_read(to, "firstlast");
  return e2e_ok();
}
