// A TCP socket cannot be saved yet; the job must not notice the attempt.
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener, (struct sockaddr*)&address, size), 0);
  EXPECT_EQ(listen(listener, 1), 0);
  EXPECT_EQ(getsockname(listener, (struct sockaddr*)&address, &size), 0);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(connect(client, (struct sockaddr*)&address, size), 0);
  EXPECT_EQ(write(client, "abc", 3), 3);
  e2e_ready_and_wait();
  char text[8];
  int server = accept(listener, NULL, NULL);
  EXPECT_EQ(read(server, text, sizeof text), 3);
  return e2e_ok();
}
