// Somebody connected and went away before he was accepted.
#include "tests/e2e/programs/unix_socket.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int listener = unix_bound(SOCK_STREAM, "listener");
  EXPECT_EQ(listen(listener, 3), 0);
  int client = unix_connected(SOCK_STREAM, "listener");
  unix_write(client, "farewell");
  close(client);
  e2e_ready_and_wait();
  int server = accept(listener, NULL, NULL);
  unix_expect_read(server, "farewell");
  unix_expect_end(server);
  return e2e_ok();
}
