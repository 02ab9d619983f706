// An epoll instance watches a file under a number that is free now, in a table of two processes.
#include <sys/epoll.h>

#include "tests/e2e/programs/clone.h"

static void sharer(long unused) {
  (void)unused;
  tree_set_up_and_wait();
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  EXPECT(epoll >= 0);
  int added = fcntl(ends[0], F_DUPFD, 100);
  struct epoll_event event = {.events = EPOLLIN};
  EXPECT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, added, &event), 0);
  EXPECT_EQ(close(added), 0);
  pid_t child = clone_fork(CLONE_FILES, sharer, 0);
  tree_ready_and_wait(1);
  tree_reap(child);
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, 10000), 1);
  return e2e_ok();
}
