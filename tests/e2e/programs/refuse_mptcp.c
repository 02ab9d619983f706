// A socket of several TCP connections cannot be saved; the job must not notice the attempt.
#include "tests/e2e/programs/inet.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = socket(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */);
  if (fd < 0) e2e_skip("no MPTCP here");
  inet_bind(fd, "127.0.0.1", 0);
  EXPECT_EQ(listen(fd, 1), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(inet_option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
  return e2e_ok();
}
