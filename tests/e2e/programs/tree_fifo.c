// A FIFO between two processes that opened an end each, with data in it.
#include "tests/e2e/programs/tree.h"

static void write_it(long unused) {
  (void)unused;
  int fd = open(e2e_file("fifo"), O_WRONLY);
  EXPECT_EQ(write(fd, "before ", 7), 7);
  tree_set_up_and_wait();
  EXPECT_EQ(write(fd, "after", 5), 5);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  EXPECT_EQ(mkfifo(e2e_file("fifo"), 0600), 0);
  pid_t child = tree_fork(write_it, 0);
  int fd = open(e2e_file("fifo"), O_RDONLY);
  tree_ready_and_wait(1);
  tree_reap(child);
  char text[32] = "";
  EXPECT_EQ(read(fd, text, sizeof text), 12);
  EXPECT(strcmp(text, "before after") == 0);
  EXPECT_EQ(read(fd, text, sizeof text), 0);
  return e2e_ok();
}
