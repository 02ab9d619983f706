// An epoll instance watches a file that only another process still has open.
#include <sys/epoll.h>

#include "tests/e2e/programs/tree.h"

static int ends[2];

static void keeper(long unused) {
  (void)unused;
  tree_set_up_and_wait();
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  for (;;) pause();
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  EXPECT_EQ(pipe(ends), 0);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  EXPECT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event), 0);
  pid_t child = tree_fork(keeper, 0);
  close(ends[0]);
  close(ends[1]);
  tree_ready_and_wait(1);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, 10000), 1);
  EXPECT_EQ(kill(child, SIGKILL), 0);
  EXPECT_EQ(tree_wait(child), SIGKILL);
  return e2e_ok();
}
