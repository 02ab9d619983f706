// Memory without any permission keeps its contents.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  size_t bytes = 100 * 4096;
  char* area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char* empty =
      mmap(NULL, 1ul << 40, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  EXPECT(area != MAP_FAILED && shared != MAP_FAILED && empty != MAP_FAILED);
  e2e_fill(area, bytes, 3);
  e2e_fill(shared, bytes, 4);
  EXPECT_EQ(mprotect(area, bytes, PROT_NONE), 0);
  EXPECT_EQ(mprotect(shared, bytes, PROT_NONE), 0);
  e2e_ready_and_wait();
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  EXPECT(write(ends[1], area, 1) == -1 && errno == EFAULT);
  EXPECT(write(ends[1], empty, 1) == -1 && errno == EFAULT);
  EXPECT_EQ(mprotect(area, bytes, PROT_READ), 0);
  EXPECT_EQ(mprotect(shared, bytes, PROT_READ), 0);
  e2e_check_fill(area, bytes, 3);
  e2e_check_fill(shared, bytes, 4);
  return e2e_ok();
}
