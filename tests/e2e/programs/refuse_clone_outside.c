// A descriptor table that a process outside of the job has as well.
#include "tests/e2e/programs/clone.h"

static void outsider(long seconds) {
  tree_set_up();
  for (long i = 0; i < seconds * 100 && !e2e_go_exists(); ++i) e2e_pause_ms(10);
}

static void between(long unused) {
  (void)unused;
  EXPECT(setsid() > 0);  // Else it would be an orphan of the job's.
  clone_fork(CLONE_FILES, outsider, 60);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  tree_reap(clone_fork(CLONE_FILES, between, 0));
  tree_ready_and_wait(1);
  return e2e_ok();
}
