// A request in flight is waited for, and then refused.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  static char text[16];
  int pipes[2];
  EXPECT_EQ(pipe(pipes), 0);
  uring_make(&ring, 4, 0);
  uring_nothings(&ring, 1, 9);
  uring_prepare(&ring, URING_READ, pipes[0], text, sizeof text, (uint64_t)-1, 5);
  uring_enter(&ring, 1, 0);
  e2e_ready_and_wait();
  EXPECT_EQ(uring_waiting(&ring), 0);
  EXPECT_EQ(write(pipes[1], "x", 1), 1);
  uring_take(&ring, 5, 1);
  return e2e_ok();
}
