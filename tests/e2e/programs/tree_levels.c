// Five levels of processes: pids, parents and exit statuses are what they were.
#include "tests/e2e/programs/tree.h"

enum { kLevels = 5, kChildren = 2 };

static void live(long level) {
  pid_t pid = getpid(), parent = getppid(), children[kChildren];
  int count = level < kLevels ? kChildren : 0;
  long long stack = level * 1000003LL;
  for (int i = 0; i < count; ++i) children[i] = tree_fork(live, level + 1);
  if (level == 0) {
    tree_ready_and_wait((1 << (kLevels + 1)) - 2);
  } else {
    tree_set_up_and_wait();
  }
  EXPECT_EQ(getpid(), pid);
  if (level > 0) EXPECT_EQ(getppid(), parent);
  EXPECT_EQ(stack, level * 1000003LL);
  for (int i = count; i-- > 0;) {
    int status = tree_wait(children[i]);
    EXPECT(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 20 + level + 1);
  }
  EXPECT(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
  if (level > 0) _exit(20 + level);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  live(0);
  return e2e_ok();
}
