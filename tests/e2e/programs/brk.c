// The heap's end: what is there, where it ends, and that it grows and shrinks.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* begin = (char*)syscall(SYS_brk, 0);
  begin = (char*)(((uintptr_t)begin + 4095) & ~4095ul);
  char* end = begin + 40 * 4096 + 123;
  EXPECT_EQ(syscall(SYS_brk, end), end);
  e2e_fill(begin, 40 * 4096, 8);
  e2e_ready_and_wait();
  EXPECT_EQ(syscall(SYS_brk, 0), end);
  e2e_check_fill(begin, 40 * 4096, 8);
  EXPECT_EQ(syscall(SYS_brk, end + 100 * 4096), end + 100 * 4096);
  memset(end, 7, 100 * 4096);
  EXPECT_EQ(syscall(SYS_brk, begin + 8 * 4096), begin + 8 * 4096);
  e2e_check_fill(begin, 8 * 4096, 8);
  EXPECT(e2e_smaps(begin, "VmFlags:", (char[256]){0}, 256));
  return e2e_ok();
}
