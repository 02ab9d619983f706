// Urgent data: its place in the stream would be lost.
#include "tests/e2e/programs/inet.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct inet_pair pair = inet_connect_pair(inet_listener("127.0.0.1", 1), "127.0.0.1");
  inet_write(pair.client, "before");
  EXPECT_EQ(send(pair.client, "!", 1, MSG_OOB), 1);
  inet_write(pair.client, "after");
  e2e_ready_and_wait();
  char byte = 0;
  EXPECT_EQ(recv(pair.server, &byte, 1, MSG_OOB), 1);
  EXPECT_EQ(byte, '!');
  inet_expect_read(pair.server, "before");
  inet_expect_read(pair.server, "after");
  return e2e_ok();
}
