// Twelve thousand mappings.
#include "tests/e2e/programs/e2e.h"

enum { kCount = 12000 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* area =
      mmap(NULL, kCount * 4096ul, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(area != MAP_FAILED);
  for (int i = 0; i < kCount; ++i) {
    *(uint64_t*)(area + i * 4096ul) = i * 31;
    if (i % 2) EXPECT_EQ(mprotect(area + i * 4096ul, 4096, PROT_READ), 0);
  }
  e2e_ready_and_wait();
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(*(uint64_t*)(area + i * 4096ul), i * 31);
  int count = 0;
  char line[4096];
  FILE* maps = fopen("/proc/self/maps", "re");
  while (fgets(line, sizeof line, maps)) ++count;
  EXPECT_BETWEEN(count, kCount, kCount + 100);
  return e2e_ok();
}
