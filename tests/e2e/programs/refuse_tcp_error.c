// A connection that was reset, which the program has not been told yet.
#include "tests/e2e/programs/inet.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct inet_pair pair = inet_connect_pair(inet_listener("127.0.0.1", 1), "127.0.0.1");
  struct linger at_once = {1, 0};
  EXPECT_EQ(setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  close(pair.server);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  EXPECT_EQ(inet_option(pair.client, SOL_SOCKET, SO_ERROR), ECONNRESET);
  return e2e_ok();
}
