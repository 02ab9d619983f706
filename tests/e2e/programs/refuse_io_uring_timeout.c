// A timeout in flight shows in nothing but the counters.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  int64_t long_time[2] = {1000, 0};
  uring_make(&ring, 4, 0);
  uring_prepare(&ring, URING_TIMEOUT, -1, long_time, 1, 0, 5);
  uring_enter(&ring, 1, 0);
  e2e_ready_and_wait();
  uring_prepare(&ring, URING_NOP, -1, NULL, 0, 0, 6);
  uring_enter(&ring, 1, 1);
  uring_take(&ring, 6, 0);
  return e2e_ok();
}
