// Memory of an instance whose descriptor is closed.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  uring_make(&ring, 4, 0);
  close(ring.fd);
  e2e_ready_and_wait();
  EXPECT_EQ(uring_waiting(&ring), 0);
  return e2e_ok();
}
