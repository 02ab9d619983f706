// Regular files: offset, access mode, status flags, size; contents are the file system's business.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int rw = open(e2e_file("data"), O_RDWR | O_CREAT | O_TRUNC, 0640);
  EXPECT_EQ(write(rw, "0123456789", 10), 10);
  int ro = open(e2e_file("data"), O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  int wo = open(e2e_file("data"), O_WRONLY | O_DSYNC);
  int far = open(e2e_file("data"), O_RDWR | O_LARGEFILE);
  EXPECT_EQ(lseek(ro, 3, SEEK_SET), 3);
  EXPECT_EQ(lseek(wo, 7, SEEK_SET), 7);
  EXPECT_EQ(lseek(far, 5000000000, SEEK_SET), 5000000000);
  int flags[4] = {fcntl(rw, F_GETFL), fcntl(ro, F_GETFL), fcntl(wo, F_GETFL), fcntl(far, F_GETFL)};
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(rw, F_GETFL), flags[0]);
  EXPECT_EQ(fcntl(ro, F_GETFL), flags[1]);
  EXPECT_EQ(fcntl(wo, F_GETFL), flags[2]);
  EXPECT_EQ(fcntl(far, F_GETFL), flags[3]);
  EXPECT_EQ(lseek(rw, 0, SEEK_CUR), 10);
  EXPECT_EQ(lseek(far, 0, SEEK_CUR), 5000000000);
  char text[4] = "";
  EXPECT_EQ(read(ro, text, 3), 3);
  EXPECT(strcmp(text, "345") == 0);
  EXPECT(write(ro, "x", 1) == -1 && errno == EBADF);
  EXPECT_EQ(write(wo, "X", 1), 1);
  EXPECT_EQ(pread(rw, text, 1, 7), 1);
  EXPECT_EQ(text[0], 'X');
  return e2e_ok();
}
