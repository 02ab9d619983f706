// Somebody waits to be accepted and has written already: nobody can see that.  The job must not notice.
#include "tests/e2e/programs/inet.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int listener = inet_listener("127.0.0.1", 1);
  int client = inet_connected("127.0.0.1", inet_port(listener));
  inet_write(client, "abc");
  e2e_ready_and_wait();
  int server = accept(listener, NULL, NULL);
  inet_expect_read(server, "abc");
  inet_expect_works(server, client);
  return e2e_ok();
}
