// flock and F_OFD locks belong to the description: those who share it hold them together.
#include <sys/file.h>

#include "tests/e2e/programs/tree.h"

static int flocked, ranged;

static int lock_range(int fd, int type) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
  return fcntl(fd, F_OFD_SETLK, &lock);
}

static void child_main(long unused) {
  (void)unused;
  tree_set_up_and_wait();
  int other = open(e2e_file("flocked"), O_RDWR), other_range = open(e2e_file("ranged"), O_RDWR);
  EXPECT(flock(other, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK);
  EXPECT(lock_range(other_range, F_RDLCK) == -1 && errno == EAGAIN);
  // One of its own.
  EXPECT_EQ(flock(flocked, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(lock_range(ranged, F_WRLCK), 0);
  EXPECT_EQ(flock(flocked, LOCK_UN), 0);
  EXPECT_EQ(lock_range(ranged, F_UNLCK), 0);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  flocked = open(e2e_file("flocked"), O_RDWR | O_CREAT, 0600);
  ranged = open(e2e_file("ranged"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(flock(flocked, LOCK_EX), 0);
  EXPECT_EQ(lock_range(ranged, F_WRLCK), 0);
  pid_t child = tree_fork(child_main, 0);
  tree_ready_and_wait(1);
  tree_reap(child);
  int other = open(e2e_file("flocked"), O_RDWR), other_range = open(e2e_file("ranged"), O_RDWR);
  EXPECT_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(lock_range(other_range, F_WRLCK), 0);
  return e2e_ok();
}
