// Completions have to be polled for.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  uring_make(&ring, 4, URING_IOPOLL);
  e2e_ready_and_wait();
  EXPECT(fcntl(ring.fd, F_GETFD) >= 0);
  return e2e_ok();
}
