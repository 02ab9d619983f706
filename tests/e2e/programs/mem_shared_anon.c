// Shared anonymous memory, mapped twice, is one piece of memory.
#include "tests/e2e/programs/e2e.h"

enum { kBytes = 300 * 4096 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* area = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  EXPECT(area != MAP_FAILED);
  // An old size of zero makes a second mapping of the same memory.
  char* again = mremap(area, 0, kBytes, MREMAP_MAYMOVE);
  EXPECT(again != MAP_FAILED && again != area);
  e2e_fill(area, 100 * 4096, 6);
  EXPECT_EQ(munmap(area + 200 * 4096, 10 * 4096), 0);
  EXPECT_EQ(madvise(again + 150 * 4096, 4096, MADV_DONTNEED), 0);
  e2e_ready_and_wait();
  e2e_check_fill(area, 100 * 4096, 6);
  e2e_check_fill(again, 100 * 4096, 6);
  EXPECT_EQ(again[250 * 4096], 0);
  area[250 * 4096] = 17;
  again[99 * 4096] = 18;
  EXPECT_EQ(again[250 * 4096], 17);
  EXPECT_EQ(area[99 * 4096], 18);
  EXPECT(e2e_has_vm_flag(area, "sh"));
  return e2e_ok();
}
