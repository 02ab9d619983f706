// An out-of-band byte.
#include "tests/e2e/programs/unix_socket.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int pair[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  unix_write(pair[0], "before");
  if (send(pair[0], "!", 1, MSG_OOB) != 1) e2e_skip("CONFIG_AF_UNIX_OOB is off");
  unix_write(pair[0], "after");
  e2e_ready_and_wait();
  char byte;
  unix_expect_read(pair[1], "before");
  EXPECT_EQ(recv(pair[1], &byte, 1, MSG_OOB), 1);
  EXPECT_EQ(byte, '!');
  unix_expect_read(pair[1], "after");
  return e2e_ok();
}
