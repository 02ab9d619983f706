// Code that the program wrote itself, in memory that can be executed.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  // mov $N, %eax; ret
  unsigned char code[] = {0xb8, 0x39, 0x30, 0, 0, 0xc3};
  unsigned char* area =
      mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(area, code, sizeof code);
  memcpy(area + 4096, code, sizeof code);
  EXPECT_EQ(mprotect(area, 4096, PROT_READ | PROT_EXEC), 0);
  EXPECT_EQ(mprotect(area + 4096, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(((int (*)(void))area)(), 12345);
  area[4096 + 1] = 0x3a;
  EXPECT_EQ(((int (*)(void))(area + 4096))(), 12346);
  return e2e_ok();
}
