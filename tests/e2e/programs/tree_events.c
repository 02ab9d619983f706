// An eventfd, a timerfd and an epoll instance that parent and child share: what one does the other
// sees.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "tests/e2e/programs/tree.h"

static int event, timer, poll_both, back;

static void child_main(long unused) {
  (void)unused;
  tree_set_up_and_wait();
  uint64_t value = 0;
  EXPECT_EQ(read(event, &value, 8), 8);  // Waits for the parent's write.
  EXPECT_EQ(value, 5);
  struct itimerspec spec = {.it_value = {.tv_nsec = 1000000}};
  EXPECT_EQ(timerfd_settime(timer, 0, &spec, NULL), 0);
  struct epoll_event ready;
  EXPECT_EQ(epoll_wait(poll_both, &ready, 1, 5000), 1);
  EXPECT_EQ(ready.data.u32, 22);
  value = 9;
  EXPECT_EQ(write(back, &value, 8), 8);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  event = eventfd(0, 0);
  back = eventfd(0, 0);
  timer = timerfd_create(CLOCK_MONOTONIC, 0);
  poll_both = epoll_create1(0);
  struct itimerspec far = {.it_value = {.tv_sec = 1000}};
  EXPECT_EQ(timerfd_settime(timer, 0, &far, NULL), 0);
  struct epoll_event of_event = {.events = EPOLLIN | EPOLLET, .data.u32 = 11};
  struct epoll_event of_timer = {.events = EPOLLIN, .data.u32 = 22};
  EXPECT_EQ(epoll_ctl(poll_both, EPOLL_CTL_ADD, event, &of_event), 0);
  EXPECT_EQ(epoll_ctl(poll_both, EPOLL_CTL_ADD, timer, &of_timer), 0);
  pid_t child = tree_fork(child_main, 0);
  tree_ready_and_wait(1);
  EXPECT_EQ(timerfd_gettime(timer, &far), 0);
  EXPECT_BETWEEN(far.it_value.tv_sec, 500, 1000);
  uint64_t value = 5;
  struct epoll_event ready;
  EXPECT_EQ(epoll_wait(poll_both, &ready, 1, 0), 0);
  EXPECT_EQ(write(event, &value, 8), 8);
  EXPECT_EQ(read(back, &value, 8), 8);
  EXPECT_EQ(value, 9);
  EXPECT_EQ(read(timer, &value, 8), 8);
  EXPECT(value >= 1);
  tree_reap(child);
  return e2e_ok();
}
