// Private anonymous memory: contents, holes that were never touched, zero pages, protections.
#include "tests/e2e/programs/e2e.h"

enum { kPage = 4096, kPages = 2000 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* area =
      mmap(NULL, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(area != MAP_FAILED);
  for (int i = 0; i < kPages; i += 3) e2e_fill(area + i * kPage, kPage, i);
  for (int i = 1; i < kPages; i += 30) memset(area + i * kPage, 0, kPage);  // Present, but zero.
  for (int i = 2; i < kPages; i += 30) E2E_KEEP(area[i * kPage]);           // The shared zero page.
  EXPECT_EQ(mprotect(area + 300 * kPage, 300 * kPage, PROT_READ), 0);
  EXPECT_EQ(munmap(area + 900 * kPage, 10 * kPage), 0);
  e2e_ready_and_wait();
  for (int i = 0; i < kPages; ++i) {
    if (i >= 900 && i < 910) continue;
    if (i % 3 == 0)
      e2e_check_fill(area + i * kPage, kPage, i);
    else
      for (int b = 0; b < kPage; b += 8) EXPECT_EQ(*(uint64_t*)(area + i * kPage + b), 0);
  }
  EXPECT(!e2e_has_vm_flag(area + 300 * kPage, "wr") && e2e_has_vm_flag(area + 600 * kPage, "wr"));
  unsigned char resident;
  EXPECT(mincore(area + 900 * kPage, kPage, &resident) == -1 && errno == ENOMEM);
  return e2e_ok();
}
