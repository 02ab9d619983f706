// Private and shared mappings of a file that was deleted.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  size_t bytes = 16 * 4096;
  int fd = open(e2e_file("mapped"), O_RDWR | O_CREAT | O_TRUNC, 0600);
  EXPECT_EQ(ftruncate(fd, bytes), 0);
  char* shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char* private = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  e2e_fill(shared, bytes, 3);
  e2e_fill(private, 4096, 4);
  close(fd);
  EXPECT_EQ(unlink(e2e_file("mapped")), 0);
  e2e_ready_and_wait();
  e2e_check_fill(shared, bytes, 3);
  e2e_check_fill(private, 4096, 4);
  EXPECT(memcmp(private + 4096, shared + 4096, bytes - 4096) == 0);
  shared[8 * 4096] = 99;  // Both are still the same file.
  EXPECT_EQ(private[8 * 4096], 99);
  return e2e_ok();
}
