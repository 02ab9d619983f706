// An instance that a thread knows by a number of its own.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  uring_make(&ring, 4, 0);
  struct {
    uint32_t offset, reserved;
    uint64_t data;
  } update = {0xffffffff, 0, (uint64_t)ring.fd};
  EXPECT_EQ(uring_register(&ring, URING_REGISTER_RING_FDS, &update, 1), 1);
  e2e_ready_and_wait();
  EXPECT(fcntl(ring.fd, F_GETFD) >= 0);
  return e2e_ok();
}
