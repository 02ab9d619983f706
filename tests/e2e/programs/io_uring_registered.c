// Buffers and files that are registered with an io_uring instance work on, at their places.
#include "tests/e2e/programs/io_uring.h"

static char area[3][4096] __attribute__((aligned(4096)));

static void read_fixed(struct uring* ring, int slot, int buffer, const char* text) {
  static uint64_t turn = 100;
  memset(area[buffer], 0, sizeof area[buffer]);
  struct uring_sqe* sqe = uring_prepare(ring, URING_READ_FIXED, slot, area[buffer], 64, 0, ++turn);
  sqe->flags = URING_FIXED_FILE;
  sqe->buf_index = (uint16_t)buffer;
  uring_enter(ring, 1, 1);
  uring_take(ring, turn, (int32_t)strlen(text));
  EXPECT(strcmp(area[buffer], text) == 0);
}

static void look(struct uring* ring) {
  read_fixed(ring, 0, 0, "the first");
  read_fixed(ring, 2, 2, "the other");
  struct uring_sqe* sqe = uring_prepare(ring, URING_READ, 1, area[0], 64, 0, 7);
  sqe->flags = URING_FIXED_FILE;
  uring_enter(ring, 1, 1);
  uring_take(ring, 7, -EBADF);
  sqe = uring_prepare(ring, URING_READ_FIXED, 2, area[1], 64, 0, 8);
  sqe->flags = URING_FIXED_FILE;
  sqe->buf_index = 1;
  uring_enter(ring, 1, 1);
  uring_take(ring, 8, -EFAULT);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int files[3] = {open(e2e_file("first one"), O_RDWR | O_CREAT, 0600), -1, open(e2e_file("other"), O_RDWR | O_CREAT, 0600)};
  EXPECT(write(files[0], "the first", 9) == 9 && write(files[2], "the other", 9) == 9);
  struct uring ring;
  uring_make(&ring, 8, 0);
  struct iovec buffers[3] = {{area[0], sizeof area[0]}, {NULL, 0}, {area[2], sizeof area[2]}};
  EXPECT_EQ(uring_register(&ring, URING_REGISTER_BUFFERS, buffers, 3), 0);
  EXPECT_EQ(uring_register(&ring, URING_REGISTER_FILES, files, 3), 0);
  look(&ring);
  e2e_ready_and_wait();
  look(&ring);
  return e2e_ok();
}
