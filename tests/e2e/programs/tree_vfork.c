// A tree in which somebody is in vfork(2) nearly always, but never for long.
#include "tests/e2e/programs/tree.h"

enum { kMakers = 2, kVforkMs = 30 };

static void make(long maker) {
  tree_set_up();
  for (long round = 0; !e2e_go_exists() || round < 3; ++round) {
    pid_t child = vfork();
    EXPECT(child >= 0);
    if (child == 0) {
      e2e_pause_ms(kVforkMs);
      execl("/bin/true", "true", NULL);
      _exit(9);
    }
    EXPECT_EQ(WEXITSTATUS(tree_wait(child)), 0);
  }
  (void)maker;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t makers[kMakers];
  for (int i = 0; i < kMakers; ++i) makers[i] = tree_fork(make, i);
  tree_ready_and_wait(kMakers);
  for (int i = 0; i < kMakers; ++i) tree_reap(makers[i]);
  return e2e_ok();
}
