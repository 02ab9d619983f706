// An open file description shared by fork has one offset and one set of flags; a file opened by both
// has two.
#include "tests/e2e/programs/tree.h"

static int shared, own, ping[2], pong[2];

static void child_main(long unused) {
  (void)unused;
  own = open(e2e_file("text"), O_RDWR);
  EXPECT_EQ(lseek(own, 700, SEEK_SET), 700);
  tree_set_up_and_wait();
  char byte;
  EXPECT_EQ(read(ping[0], &byte, 1), 1);
  EXPECT_EQ(lseek(shared, 0, SEEK_CUR), 123);
  EXPECT_EQ(lseek(own, 0, SEEK_CUR), 700);
  EXPECT_EQ(fcntl(shared, F_GETFL) & O_APPEND, O_APPEND);
  EXPECT_EQ(lseek(shared, 456, SEEK_SET), 456);
  EXPECT_EQ(fcntl(shared, F_SETFD, FD_CLOEXEC), 0);
  EXPECT_EQ(write(pong[1], "x", 1), 1);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  EXPECT(pipe(ping) == 0 && pipe(pong) == 0);
  shared = open(e2e_file("text"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(ftruncate(shared, 1000), 0);
  own = open(e2e_file("text"), O_RDWR);
  EXPECT_EQ(lseek(shared, 100, SEEK_SET), 100);
  EXPECT_EQ(lseek(own, 600, SEEK_SET), 600);
  pid_t child = tree_fork(child_main, 0);
  tree_ready_and_wait(1);
  EXPECT_EQ(lseek(shared, 23, SEEK_CUR), 123);
  EXPECT_EQ(fcntl(shared, F_SETFL, O_APPEND), 0);
  EXPECT_EQ(write(ping[1], "x", 1), 1);
  char byte;
  EXPECT_EQ(read(pong[0], &byte, 1), 1);
  EXPECT_EQ(lseek(shared, 0, SEEK_CUR), 456);
  EXPECT_EQ(lseek(own, 0, SEEK_CUR), 600);
  EXPECT_EQ(fcntl(shared, F_GETFD), 0);
  tree_reap(child);
  return e2e_ok();
}
