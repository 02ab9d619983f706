// NUMA policies of the thread and of a mapping.
#include "tests/e2e/programs/e2e.h"

enum { kPreferred = 1, kBind = 2, kInterleave = 3 };

static void get(int* mode, unsigned long* nodes, void* address) {
  EXPECT_EQ(syscall(SYS_get_mempolicy, mode, nodes, 8 * sizeof *nodes, address, address ? 2 : 0),
            0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned long node0 = 1, nodes[16] = {0};
  int mode = -1;
  char* area = mmap(NULL, 32 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (syscall(SYS_mbind, area, 16 * 4096, kInterleave, &node0, 8, 0) != 0)
    e2e_skip("no NUMA policies in this kernel");
  EXPECT_EQ(syscall(SYS_mbind, area + 16 * 4096, 16 * 4096, kBind, &node0, 8, 0), 0);
  EXPECT_EQ(syscall(SYS_set_mempolicy, kPreferred, &node0, 8), 0);
  char* plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  e2e_fill(plain, 4096, 2);
  e2e_fill(area, 32 * 4096, 1);
  e2e_ready_and_wait();
  get(&mode, nodes, area);
  EXPECT(mode == kInterleave && nodes[0] == 1);
  get(&mode, nodes, area + 20 * 4096);
  EXPECT(mode == kBind && nodes[0] == 1);
  get(&mode, nodes, plain);
  EXPECT_EQ(mode, 0);  // None of its own, though it is under the thread's.
  get(&mode, nodes, NULL);
  EXPECT(mode == kPreferred && nodes[0] == 1);
  e2e_check_fill(area, 32 * 4096, 1);
  return e2e_ok();
}
