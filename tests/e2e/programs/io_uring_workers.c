// The kernel's workers for io_uring are listed among the program's threads for a while, and are none of them.
#include <dirent.h>

#include "tests/e2e/programs/io_uring.h"

static int threads(void) {
  DIR* dir = opendir("/proc/self/task");
  int count = -2;
  EXPECT(dir != NULL);
  while (readdir(dir)) ++count;
  closedir(dir);
  return count;
}

static void work(struct uring* ring, int file, uint64_t data) {
  static char text[16];
  struct uring_sqe* sqe = uring_prepare(ring, URING_READ, file, text, sizeof text, 0, data);
  sqe->flags = URING_ASYNC;
  uring_enter(ring, 1, 1);
  uring_take(ring, data, 5);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring ring;
  int file = open(e2e_file("data"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(write(file, "bytes", 5), 5);
  uring_make(&ring, 8, 0);
  work(&ring, file, 1);
  EXPECT(threads() > 1);
  e2e_ready();
  for (uint64_t turn = 2; !e2e_go_exists(); ++turn) {
    e2e_pause_ms(3);
    work(&ring, file, turn);
  }
  work(&ring, file, 99);
  EXPECT(threads() > 1);
  return e2e_ok();
}
