// epoll_wait, which the kernel never restarts, lasts its timeout without EINTR.
#include <sys/epoll.h>

#include "tests/e2e/programs/timed_call.h"

static int epoll_fd;
static void call(void) {
  struct epoll_event event;
  EXPECT_EQ(epoll_wait(epoll_fd, &event, 1, CALL_MS), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  epoll_fd = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = 77}};
  EXPECT_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ends[0], &event), 0);
  timed_call(call);
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_EQ(epoll_wait(epoll_fd, &event, 1, 0), 1);
  EXPECT_EQ(event.data.u64, 77);
  return e2e_ok();
}
