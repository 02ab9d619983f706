// A file under a write lease that is mapped: opening it to look would break the lease.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open(e2e_file("leased"), O_RDWR | O_CREAT | O_EXCL, 0600);
  EXPECT_EQ(ftruncate(fd, 4096), 0);
  char* memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  EXPECT(memory != MAP_FAILED);
  if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0) e2e_skip("this file system has no leases");
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(fd, F_GETLEASE), F_WRLCK);
  return e2e_ok();
}
