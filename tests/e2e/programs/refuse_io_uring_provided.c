// Provided buffers are shown nowhere.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  uring_make(&ring, 4, 0);
  static char room[4096] __attribute__((aligned(4096)));
  struct {
    uint64_t address;
    uint32_t entries;
    uint16_t group, flags;
    uint64_t reserved[3];
  } provided = {(uintptr_t)room, 8, 5, 0, {0}};
  if (uring_register(&ring, URING_REGISTER_PBUF_RING, &provided, 1) != 0) e2e_skip("the kernel has no provided buffers");
  e2e_ready_and_wait();
  EXPECT(fcntl(ring.fd, F_GETFD) >= 0);
  return e2e_ok();
}
