// A file under a lease.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open(e2e_file("leased"), O_RDWR | O_CREAT, 0600);
  if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0) e2e_skip("no leases on this file system");
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
  return e2e_ok();
}
