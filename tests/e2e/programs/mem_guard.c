// Guard regions made by madvise are still guarded, and what lies between is there.
#include "tests/e2e/programs/e2e.h"

enum { kGuardInstall = 102, kGuardRemove = 103, kPages = 40 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* area =
      mmap(NULL, kPages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  e2e_fill(area, kPages * 4096, 1);
  if (madvise(area + 4 * 4096, 4096, kGuardInstall) != 0)
    e2e_skip("this kernel has no guard regions (6.13)");
  EXPECT_EQ(madvise(area + 20 * 4096, 8 * 4096, kGuardInstall), 0);
  e2e_ready_and_wait();
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  for (int i = 0; i < kPages; ++i) {
    int guarded = i == 4 || (i >= 20 && i < 28);
    ssize_t wrote = write(ends[1], area + i * 4096, 1);
    if (wrote != (guarded ? -1 : 1)) e2e_fail("page %d is %sguarded", i, guarded ? "not " : "");
    if (!guarded) e2e_check_fill(area + i * 4096, 4096, 1 + i * 512);
  }
  EXPECT_EQ(madvise(area, kPages * 4096, kGuardRemove), 0);
  area[4 * 4096] = 1;
  return e2e_ok();
}
