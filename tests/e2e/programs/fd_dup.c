// Duplicated descriptors share one offset and one set of status flags; separately opened ones do
// not.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int first = open(e2e_file("data"), O_RDWR | O_CREAT | O_TRUNC, 0600);
  EXPECT_EQ(write(first, "0123456789", 10), 10);
  int second = dup(first), third = fcntl(first, F_DUPFD_CLOEXEC, 300);
  int other = open(e2e_file("data"), O_RDWR);
  EXPECT_EQ(third, 300);
  e2e_ready_and_wait();
  EXPECT_EQ(lseek(second, 4, SEEK_SET), 4);
  EXPECT_EQ(lseek(first, 0, SEEK_CUR), 4);
  EXPECT_EQ(lseek(third, 0, SEEK_CUR), 4);
  EXPECT_EQ(lseek(other, 0, SEEK_CUR), 0);
  EXPECT_EQ(fcntl(third, F_SETFL, O_APPEND), 0);
  EXPECT(fcntl(first, F_GETFL) & O_APPEND);
  EXPECT(!(fcntl(other, F_GETFL) & O_APPEND));
  EXPECT_EQ(fcntl(third, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(second, F_GETFD), 0);
  return e2e_ok();
}
