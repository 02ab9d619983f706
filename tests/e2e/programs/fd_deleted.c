// A file that was deleted while open: contents, size, holes, offset; two descriptors of it are one
// file.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static char contents[100000], now[100000];
  e2e_fill(contents, sizeof contents, 1);
  int fd = open(e2e_file("gone"), O_RDWR | O_CREAT | O_TRUNC, 0640);
  int second = open(e2e_file("gone"), O_RDONLY);
  EXPECT_EQ(write(fd, contents, sizeof contents), sizeof contents);
  EXPECT_EQ(ftruncate(fd, 50000000), 0);
  EXPECT_EQ(lseek(fd, 500, SEEK_SET), 500);
  EXPECT_EQ(lseek(second, 600, SEEK_SET), 600);
  EXPECT_EQ(unlink(e2e_file("gone")), 0);
  e2e_ready_and_wait();
  struct stat st, st2;
  EXPECT(fstat(fd, &st) == 0 && fstat(second, &st2) == 0);
  EXPECT_EQ(st.st_size, 50000000);
  EXPECT_EQ(st.st_nlink, 0);
  EXPECT_EQ(st.st_ino, st2.st_ino);
  EXPECT_EQ(st.st_mode & 07777, 0640 & ~022);
  EXPECT(st.st_blocks < 2000);
  EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 500);
  EXPECT_EQ(lseek(second, 0, SEEK_CUR), 600);
  EXPECT_EQ(pread(fd, now, sizeof now, 0), sizeof now);
  EXPECT(memcmp(contents, now, sizeof now) == 0);
  EXPECT_EQ(pwrite(fd, "shared", 6, 0), 6);
  EXPECT_EQ(pread(second, now, 6, 0), 6);
  EXPECT(memcmp(now, "shared", 6) == 0);
  EXPECT(access(e2e_file("gone"), F_OK) == -1);
  return e2e_ok();
}
