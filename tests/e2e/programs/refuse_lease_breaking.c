// A lease that somebody waits for to be given up.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  signal(SIGIO, SIG_IGN);
  int fd = open(e2e_file("leased"), O_RDONLY | O_CREAT | O_EXCL, 0600);
  if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0) e2e_skip("this file system has no leases");
  EXPECT(open(e2e_file("leased"), O_WRONLY | O_NONBLOCK) == -1 && errno == EWOULDBLOCK);
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
  EXPECT(open(e2e_file("leased"), O_WRONLY | O_NONBLOCK) >= 0);
  return e2e_ok();
}
