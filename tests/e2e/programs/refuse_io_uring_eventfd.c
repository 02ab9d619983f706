// Which eventfd is told of completions is not shown.
#include <sys/eventfd.h>

#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  uring_make(&ring, 4, 0);
  int event = eventfd(0, 0);
  EXPECT_EQ(uring_register(&ring, URING_REGISTER_EVENTFD, &event, 1), 0);
  e2e_ready_and_wait();
  EXPECT(fcntl(ring.fd, F_GETFD) >= 0);
  return e2e_ok();
}
