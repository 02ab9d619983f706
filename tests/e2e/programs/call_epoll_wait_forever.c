// epoll_wait without a timeout waits for its event.
#include <sys/epoll.h>

#include "tests/e2e/programs/timed_call.h"

static int epoll_fd, ends[2];
static void call(void) {
  struct epoll_event event;
  EXPECT_EQ(epoll_wait(epoll_fd, &event, 1, -1), 1);
  EXPECT_EQ(event.data.u64, 77);
}
static void wake(void) { EXPECT_EQ(write(ends[1], "x", 1), 1); }

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(pipe(ends), 0);
  epoll_fd = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = 77}};
  EXPECT_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ends[0], &event), 0);
  woken_call(call, wake);
  return e2e_ok();
}
