// A socket pair cannot be saved yet; the job must not notice the attempt.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int pair[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_EQ(write(pair[0], "abc", 3), 3);
  e2e_ready_and_wait();
  char text[8];
  EXPECT_EQ(read(pair[1], text, sizeof text), 3);
  return e2e_ok();
}
