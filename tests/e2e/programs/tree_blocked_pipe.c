// A process is in a read of a pipe that another fills after the go, and one in a write that a third
// makes room for.
#include "tests/e2e/programs/tree.h"

static int empty[2], full[2];

static void read_it(long unused) {
  (void)unused;
  char byte = 0;
  tree_set_up();
  EXPECT_EQ(read(empty[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'q');
}

static void write_it(long unused) {
  (void)unused;
  tree_set_up();
  EXPECT_EQ(write(full[1], "w", 1), 1);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  EXPECT(pipe(empty) == 0 && pipe(full) == 0);
  static char page[4096];
  EXPECT_EQ(fcntl(full[1], F_SETFL, O_NONBLOCK), 0);
  long filled = 0;
  while (write(full[1], page, sizeof page) == sizeof page) filled += sizeof page;
  EXPECT_EQ(fcntl(full[1], F_SETFL, 0), 0);
  pid_t reader = tree_fork(read_it, 0), writer = tree_fork(write_it, 0);
  tree_ready_and_wait(2);
  EXPECT_EQ(write(empty[1], "q", 1), 1);
  tree_reap(reader);
  for (long i = 0; i < filled; i += sizeof page) EXPECT_EQ(read(full[0], page, sizeof page), sizeof page);
  EXPECT_EQ(read(full[0], page, 1), 1);
  EXPECT_EQ(page[0], 'w');
  tree_reap(writer);
  return e2e_ok();
}
