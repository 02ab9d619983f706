// A process with a child is not saved without it.
#include "tests/e2e/programs/tree.h"

static void live(long unused) {
  (void)unused;
  tree_set_up_and_wait();
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t child = tree_fork(live, 0);
  tree_ready_and_wait(1);
  tree_reap(child);
  return e2e_ok();
}
