// Many children, each with memory of its own, that sleep in a read until the parent closes the pipe.
#include "tests/e2e/programs/tree.h"

#ifndef COUNT
#define COUNT 100
#endif

static int gate[2];
static uint64_t area[512];

static void live(long number) {
  close(gate[1]);
  e2e_fill(area, sizeof area, number);
  tree_set_up();
  char byte;
  EXPECT_EQ(read(gate[0], &byte, 1), 0);
  e2e_check_fill(area, sizeof area, number);
  _exit(2 + number % 200);
}

int main(int argc, char** argv) {
  static pid_t children[COUNT];
  tree_start(argc, argv);
  EXPECT_EQ(pipe(gate), 0);
  e2e_fill(area, sizeof area, 12345);
  for (long i = 0; i < COUNT; ++i) children[i] = tree_fork(live, i);
  tree_ready_and_wait(COUNT);
  e2e_check_fill(area, sizeof area, 12345);
  close(gate[1]);
  for (long i = 0; i < COUNT; ++i) {
    int status = tree_wait(children[i]);
    EXPECT(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 2 + i % 200);
  }
  return e2e_ok();
}
