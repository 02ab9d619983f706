// memfd: contents, size, holes, seals, name, offset, and mappings of it.
#include "tests/e2e/programs/e2e.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif
enum { kBytes = 64 * 4096, kSealSeal = 1, kSealShrink = 2, kSealGrow = 4 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = memfd_create("a name", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  EXPECT(fd >= 0 && ftruncate(fd, kBytes + 10) == 0);
  char* shared = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char* private = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  EXPECT(shared != MAP_FAILED && private != MAP_FAILED);
  e2e_fill(shared, 16 * 4096, 1);
  e2e_fill(private + 20 * 4096, 4096, 2);
  EXPECT_EQ(fcntl(fd, F_ADD_SEALS, kSealGrow | kSealSeal), 0);
  EXPECT_EQ(lseek(fd, 1234, SEEK_SET), 1234);
  e2e_ready_and_wait();
  struct stat st;
  EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 1234);
  EXPECT_EQ(fstat(fd, &st), 0);
  EXPECT_EQ(st.st_size, kBytes + 10);
  EXPECT(st.st_blocks < 40 * 8);
  EXPECT_EQ(fcntl(fd, F_GET_SEALS), kSealGrow | kSealSeal);
  EXPECT(ftruncate(fd, kBytes + 20) == -1 && errno == EPERM);
  e2e_check_fill(shared, 16 * 4096, 1);
  e2e_check_fill(private, 16 * 4096, 1);
  e2e_check_fill(private + 20 * 4096, 4096, 2);
  EXPECT_EQ(shared[20 * 4096], 0);
  char link[256] = "", path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  EXPECT(readlink(path, link, sizeof link - 1) > 0 && strncmp(link, "/memfd:a name", 13) == 0);
  EXPECT_EQ(pwrite(fd, "hello", 5, 40 * 4096), 5);
  EXPECT(memcmp(shared + 40 * 4096, "hello", 5) == 0);
  EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  return e2e_ok();
}
