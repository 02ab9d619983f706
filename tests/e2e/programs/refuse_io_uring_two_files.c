// A registered file of which it cannot be told which of two open ones it is.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  uring_make(&ring, 4, 0);
  int file = open(e2e_file("data"), O_RDWR | O_CREAT, 0600);
  EXPECT(open(e2e_file("data"), O_RDONLY) >= 0);
  EXPECT_EQ(uring_register(&ring, URING_REGISTER_FILES, &file, 1), 0);
  e2e_ready_and_wait();
  EXPECT(fcntl(ring.fd, F_GETFD) >= 0);
  return e2e_ok();
}
