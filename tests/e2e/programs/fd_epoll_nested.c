// An epoll in an epoll, and the same pipe watched through two descriptors.
#include <sys/epoll.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int ends[2], inner = epoll_create1(0), outer = epoll_create1(0);
  EXPECT_EQ(pipe(ends), 0);
  int copy = dup(ends[0]);
  struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = 11}}, seen[4];
  EXPECT_EQ(epoll_ctl(inner, EPOLL_CTL_ADD, ends[0], &event), 0);
  event.data.u64 = 12;
  EXPECT_EQ(epoll_ctl(inner, EPOLL_CTL_ADD, copy, &event), 0);
  event.data.u64 = 13;
  EXPECT_EQ(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(epoll_wait(outer, seen, 4, 0), 0);
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_EQ(epoll_wait(outer, seen, 4, 1000), 1);
  EXPECT_EQ(seen[0].data.u64, 13);
  EXPECT_EQ(epoll_wait(inner, seen, 4, 0), 2);
  EXPECT_EQ(seen[0].data.u64 + seen[1].data.u64, 23);
  return e2e_ok();
}
