// A memfd of huge pages.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = syscall(SYS_memfd_create, "huge", 4 /* MFD_HUGETLB */);
  if (fd < 0) e2e_skip("no huge pages");
  e2e_ready_and_wait();
  struct stat st;
  EXPECT_EQ(fstat(fd, &st), 0);
  return e2e_ok();
}
