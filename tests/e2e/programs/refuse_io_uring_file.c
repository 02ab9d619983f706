// A registered file that has no descriptor any more.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  uring_make(&ring, 4, 0);
  int file = open(e2e_file("data"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(uring_register(&ring, URING_REGISTER_FILES, &file, 1), 0);
  close(file);
  e2e_ready_and_wait();
  EXPECT(fcntl(ring.fd, F_GETFD) >= 0);
  return e2e_ok();
}
