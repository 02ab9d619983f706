// epoll: what is watched, for what, with which data; level, edge and one-shot.
#include <sys/epoll.h>

#include "tests/e2e/programs/e2e.h"

static int epoll_fd;
static void watch(int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data = {.u64 = data}};
  EXPECT_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
}

static uint64_t ready_now(void) {
  struct epoll_event events[8];
  int n = epoll_wait(epoll_fd, events, 8, 0);
  EXPECT(n >= 0);
  uint64_t seen = 0;
  for (int i = 0; i < n; ++i) seen |= events[i].data.u64;
  return seen;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int level[2], edge[2], once[2], idle[2], out[2];
  EXPECT(pipe(level) == 0 && pipe(edge) == 0 && pipe(once) == 0 && pipe(idle) == 0 &&
         pipe(out) == 0);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  watch(level[0], EPOLLIN, 1);
  watch(edge[0], EPOLLIN | EPOLLET, 2);
  watch(once[0], EPOLLIN | EPOLLONESHOT, 4);
  watch(idle[0], EPOLLIN, 0x8000000000000008);
  watch(out[1], EPOLLOUT | EPOLLET, 16);
  EXPECT(write(level[1], "x", 1) == 1 && write(edge[1], "x", 1) == 1 &&
         write(once[1], "x", 1) == 1);
  EXPECT_EQ(ready_now(), 1 | 2 | 4 | 16);
  EXPECT_EQ(ready_now(), 1);
  e2e_ready_and_wait();
  // An edge may be reported once more after a restore: the kernel does not tell whether it was.
  EXPECT_EQ(ready_now() & ~(2ull | 16), 1);
  EXPECT_EQ(ready_now(), 1);
  EXPECT(write(edge[1], "y", 1) == 1 && write(once[1], "y", 1) == 1 && write(idle[1], "y", 1) == 1);
  EXPECT_EQ(ready_now(), 1 | 2 | 0x8000000000000008);
  struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT, .data = {.u64 = 4}};
  EXPECT_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, once[0], &again),
            0);  // It is still there, disarmed.
  EXPECT_EQ(ready_now(), 1 | 4 | 0x8000000000000008);
  return e2e_ok();
}
