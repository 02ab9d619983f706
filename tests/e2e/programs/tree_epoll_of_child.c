// An epoll instance made by a child watches a descriptor that only the child has, under a number that
// is something else in the parent; and one that was inherited and closed in the child since.
#include <sys/epoll.h>

#include "tests/e2e/programs/tree.h"

static void child_main(long unused) {
  (void)unused;
  int own[2], instance = epoll_create1(0);
  EXPECT_EQ(pipe(own), 0);
  EXPECT_EQ(dup2(own[0], 100), 100);
  EXPECT_EQ(dup2(own[1], 101), 101);
  struct epoll_event of_own = {.events = EPOLLIN, .data.u32 = 7};
  EXPECT_EQ(epoll_ctl(instance, EPOLL_CTL_ADD, 100, &of_own), 0);
  tree_set_up_and_wait();
  struct epoll_event ready;
  EXPECT_EQ(epoll_wait(instance, &ready, 1, 0), 0);
  EXPECT_EQ(write(101, "x", 1), 1);
  EXPECT_EQ(epoll_wait(instance, &ready, 1, 1000), 1);
  EXPECT_EQ(ready.data.u32, 7);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  int other[2];
  EXPECT_EQ(pipe(other), 0);
  EXPECT_EQ(dup2(other[1], 100), 100);
  EXPECT_EQ(dup2(other[0], 101), 101);
  pid_t child = tree_fork(child_main, 0);
  tree_ready_and_wait(1);
  EXPECT_EQ(write(100, "y", 1), 1);
  char byte;
  EXPECT_EQ(read(101, &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  tree_reap(child);
  return e2e_ok();
}
