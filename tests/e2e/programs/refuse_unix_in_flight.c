// An epoll instance with entries in flight: only who holds it can be given its entries.
#include <sys/epoll.h>

#include "tests/e2e/programs/unix_socket.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int pair[2], fds[8];
  char text[8];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  EXPECT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event), 0);
  unix_send_fds(pair[0], "x", &epoll, 1);
  close(epoll);
  e2e_ready_and_wait();
  EXPECT_EQ(unix_receive(pair[1], text, sizeof text - 1, fds, NULL), 1);
  unix_write(pair[1], "y");
  EXPECT_EQ(epoll_wait(fds[0], &event, 1, 0), 1);
  return e2e_ok();
}
