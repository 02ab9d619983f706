// A memfd that parent and child have mapped is one piece of memory, and its descriptor still leads to
// it.
#include "tests/e2e/programs/tree.h"

enum { kBytes = 64 * 4096 };

static int fd;
static char* area;

static void child_main(long unused) {
  (void)unused;
  char* again = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 9 * 4096);
  char* copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 20 * 4096);
  copy[1] = 99;
  tree_set_up_and_wait();
  while (((volatile char*)area)[9 * 4096] != 5) e2e_pause_ms(1);
  EXPECT_EQ(again[0], 5);
  EXPECT_EQ(copy[1], 99);
  again[1] = 6;
  e2e_check_fill(area + 30 * 4096, 8192, 3);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  fd = memfd_create("shared", MFD_CLOEXEC);
  EXPECT_EQ(ftruncate(fd, kBytes), 0);
  area = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  EXPECT(area != MAP_FAILED);
  e2e_fill(area + 30 * 4096, 8192, 3);
  pid_t child = tree_fork(child_main, 0);
  tree_ready_and_wait(1);
  EXPECT_EQ(area[20 * 4096 + 1], 0);
  area[9 * 4096] = 5;
  while (((volatile char*)area)[9 * 4096 + 1] != 6) e2e_pause_ms(1);
  char byte = 0;
  EXPECT_EQ(pread(fd, &byte, 1, 9 * 4096 + 1), 1);
  EXPECT_EQ(byte, 6);
  tree_reap(child);
  return e2e_ok();
}
