// A mapping of a memfd that is older than the seal that would forbid it.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = syscall(SYS_memfd_create, "sealed", 2 /* MFD_ALLOW_SEALING */);
  EXPECT_EQ(ftruncate(fd, 4096), 0);
  char* memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  EXPECT(memory != MAP_FAILED);
  EXPECT_EQ(fcntl(fd, 1033 /* F_ADD_SEALS */, 0x10 /* F_SEAL_FUTURE_WRITE */), 0);
  e2e_ready_and_wait();
  memory[0] = 1;
  return e2e_ok();
}
