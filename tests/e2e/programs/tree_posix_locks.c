// POSIX locks of several processes on one file: through a description they share, and through their
// own.
#include "tests/e2e/programs/tree.h"

static int shared;

static void lock(int fd, int type, off_t start, off_t length) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  EXPECT_EQ(fcntl(fd, F_SETLK, &lock), 0);
}

// Who, if anybody, stands in the way of an exclusive lock of one byte.
static pid_t holder(int fd, off_t at, int* type) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
  EXPECT_EQ(fcntl(fd, F_GETLK, &lock), 0);
  *type = lock.l_type;
  return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static void child_main(long number) {
  int own = number == 2 ? open(e2e_file("locked"), O_RDWR) : shared;
  lock(own, F_WRLCK, 100 * number, 10);
  lock(own, F_RDLCK, 1000, 10);
  tree_set_up_and_wait();
  int type;
  EXPECT_EQ(holder(own, 5, &type), getppid());
  EXPECT_EQ(type, F_WRLCK);
  // Waits until the parent lets it go.
  struct flock last = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5000 + number, .l_len = 1};
  EXPECT_EQ(fcntl(own, F_SETLKW, &last), 0);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  shared = open(e2e_file("locked"), O_RDWR | O_CREAT, 0600);
  lock(shared, F_WRLCK, 0, 10);
  lock(shared, F_WRLCK, 5000, 0);
  pid_t first = tree_fork(child_main, 1), second = tree_fork(child_main, 2);
  tree_ready_and_wait(2);
  int type;
  EXPECT_EQ(holder(shared, 105, &type), first);
  EXPECT_EQ(type, F_WRLCK);
  EXPECT_EQ(holder(shared, 205, &type), second);
  EXPECT_EQ(holder(shared, 50, &type), 0);
  EXPECT(holder(shared, 1005, &type) > 0);
  EXPECT_EQ(type, F_RDLCK);
  lock(shared, F_UNLCK, 5000, 0);
  tree_reap(first);
  tree_reap(second);
  EXPECT_EQ(holder(shared, 105, &type), 0);
  return e2e_ok();
}
