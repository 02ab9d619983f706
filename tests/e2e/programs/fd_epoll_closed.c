// epoll watches a file whose descriptor was closed, but whose duplicate is open.
#include <sys/epoll.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int ends[2], fd = epoll_create1(0);
  EXPECT_EQ(pipe(ends), 0);
  struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = 21}}, seen;
  EXPECT_EQ(epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &event), 0);
  EXPECT_EQ(dup2(ends[0], 200), 200);
  close(ends[0]);
  e2e_ready_and_wait();
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_EQ(epoll_wait(fd, &seen, 1, 0), 1);
  EXPECT_EQ(seen.data.u64, 21);
  EXPECT(fcntl(ends[0], F_GETFD) == -1 && errno == EBADF);
  return e2e_ok();
}
