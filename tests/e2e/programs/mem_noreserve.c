// MAP_NORESERVE memory of a terabyte, hardly used.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  size_t bytes = 1ul << 40;
  char* area =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) e2e_skip("a terabyte of address space cannot be had");
  for (size_t at = 0; at < bytes; at += 1ul << 35) e2e_fill(area + at, 4096, at);
  e2e_ready_and_wait();
  EXPECT(e2e_has_vm_flag(area, "nr"));
  for (size_t at = 0; at < bytes; at += 1ul << 35) e2e_check_fill(area + at, 4096, at);
  EXPECT_EQ(area[1ul << 34], 0);
  return e2e_ok();
}
