// A packet socket cannot be saved; the job must not notice the attempt.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0) e2e_skip("needs CAP_NET_RAW");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
