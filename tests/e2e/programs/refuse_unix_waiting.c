// A connection that waits to be accepted and has data in it: nobody can see them.
#include "tests/e2e/programs/unix_socket.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int listener = unix_bound(SOCK_STREAM, "listener");
  EXPECT_EQ(listen(listener, 3), 0);
  int client = unix_connected(SOCK_STREAM, "listener");
  unix_write(client, "early");
  e2e_ready_and_wait();
  int server = accept(listener, NULL, NULL);
  unix_expect_read(server, "early");
  unix_expect_works(server, client);
  return e2e_ok();
}
