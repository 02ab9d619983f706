// A mapping made with MAP_GROWSDOWN still grows.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* room = mmap(NULL, 4096 * 2048, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(room != MAP_FAILED && munmap(room, 4096 * 2048) == 0);
  char* area = mmap(room + 4096 * 2000, 4096 * 4, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
  EXPECT_EQ(area, room + 4096 * 2000);
  e2e_fill(area, 4096 * 4, 4);
  area[-1] = 1;
  e2e_ready_and_wait();
  e2e_check_fill(area, 4096 * 4, 4);
  EXPECT_EQ(area[-1], 1);
  EXPECT(e2e_has_vm_flag(area, "gd"));
  for (int i = 1; i < 100; ++i) area[-4096 * i] = i;
  EXPECT_EQ(area[-4096 * 99], 99);
  return e2e_ok();
}
