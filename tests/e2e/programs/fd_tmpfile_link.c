// A file made with O_TMPFILE: holes stay holes, the flags tell how it was made, and it can be given a name.
#include "tests/e2e/programs/e2e.h"

enum { kBytes = 300000000, kPiece = 70000, kFar = 200000000 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static char contents[kPiece], now[kPiece];
  char dir[PATH_MAX], link[64];
  snprintf(dir, sizeof dir, "%s", e2e_state);
  *strrchr(dir, '/') = 0;
  int fd = open(dir, O_TMPFILE | O_RDWR | O_APPEND, 0640);
  if (fd < 0) e2e_skip("this file system has no O_TMPFILE");
  e2e_fill(contents, sizeof contents, 1);
  EXPECT_EQ(pwrite(fd, contents, kPiece, 0), kPiece);
  EXPECT_EQ(fcntl(fd, F_SETFL, 0), 0);
  EXPECT_EQ(pwrite(fd, contents, kPiece, kFar), kPiece);
  EXPECT_EQ(ftruncate(fd, kBytes), 0);
  int flags = fcntl(fd, F_GETFL);
  struct stat before, st, named;
  EXPECT_EQ(fstat(fd, &before), 0);
  off_t hole = lseek(fd, 0, SEEK_HOLE), data = lseek(fd, hole, SEEK_DATA);
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(fd, F_GETFL), flags);
  EXPECT_EQ(fstat(fd, &st), 0);
  EXPECT_EQ(st.st_size, kBytes);
  EXPECT_EQ(st.st_nlink, 0);
  EXPECT_EQ(st.st_mode, before.st_mode);
  EXPECT_EQ(st.st_uid, before.st_uid);
  EXPECT_EQ(st.st_gid, before.st_gid);
  EXPECT_EQ(st.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_BETWEEN(st.st_blocks, 0, before.st_blocks + 64);
  EXPECT_EQ(lseek(fd, 0, SEEK_HOLE), hole);
  EXPECT_EQ(lseek(fd, hole, SEEK_DATA), data);
  EXPECT_EQ(lseek(fd, kFar + kPiece + 100000, SEEK_DATA), -1);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  EXPECT_EQ(linkat(AT_FDCWD, link, AT_FDCWD, e2e_file("named"), AT_SYMLINK_FOLLOW), 0);
  EXPECT_EQ(stat(e2e_file("named"), &named), 0);
  EXPECT_EQ(named.st_ino, st.st_ino);
  EXPECT_EQ(pread(fd, now, kPiece, kFar), kPiece);
  EXPECT(memcmp(contents, now, kPiece) == 0);
  return e2e_ok();
}
