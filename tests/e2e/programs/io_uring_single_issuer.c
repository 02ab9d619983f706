// Instances of which one thread alone submits, and which leave completions until it waits for them.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring alone, defers;
  uring_make(&alone, 4, URING_SINGLE_ISSUER);
  uring_make(&defers, 8, URING_SINGLE_ISSUER | URING_DEFER_TASKRUN);
  int pipes[2];
  static char text[16];
  EXPECT_EQ(pipe(pipes), 0);
  uring_nothings(&alone, 1, 33);
  uring_nothings(&defers, 1, 100);
  uring_prepare(&defers, URING_NOP, -1, NULL, 0, 0, 17);
  uring_enter(&defers, 1, 1);
  e2e_ready_and_wait();
  uring_take(&defers, 17, 0);
  uring_nothings(&alone, 1, 33);
  uring_nothings(&defers, 1, 100);
  uring_prepare(&defers, URING_READ, pipes[0], text, sizeof text, (uint64_t)-1, 18);
  uring_enter(&defers, 1, 0);
  EXPECT_EQ(write(pipes[1], "later", 5), 5);
  uring_take(&defers, 18, 5);
  EXPECT(memcmp(text, "later", 5) == 0);
  return e2e_ok();
}
