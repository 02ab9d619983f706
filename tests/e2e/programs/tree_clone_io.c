// Processes with one I/O context (CLONE_IO): one I/O priority.
#include "tests/e2e/programs/clone.h"

enum { kWhoProcess = 1, kBestEffort = 2 << 13, kIdle = 3 << 13 };

static void sleeper(long unused) {
  (void)unused;
  tree_set_up();
  for (;;) pause();
}

static int priority_of(pid_t pid) { return syscall(SYS_ioprio_get, kWhoProcess, pid); }
static int set_priority(pid_t pid, int priority) {
  return syscall(SYS_ioprio_set, kWhoProcess, pid, priority);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  if (set_priority(0, kBestEffort | 5) != 0) e2e_skip("no I/O priorities here");
  pid_t sharing = clone_fork(CLONE_IO, sleeper, 0), third = clone_fork(CLONE_IO, sleeper, 0),
        apart = tree_fork(sleeper, 0);
  EXPECT_EQ(set_priority(apart, kBestEffort | 6), 0);
  tree_ready_and_wait(3);
  EXPECT(clone_same(getpid(), sharing, KCMP_IO));
  EXPECT(clone_same(third, sharing, KCMP_IO));
  EXPECT(!clone_same(getpid(), apart, KCMP_IO));
  EXPECT_EQ(priority_of(sharing), kBestEffort | 5);
  EXPECT_EQ(priority_of(apart), kBestEffort | 6);
  EXPECT_EQ(set_priority(sharing, kIdle), 0);
  EXPECT_EQ(priority_of(0) & ~7, kIdle);
  EXPECT_EQ(priority_of(third) & ~7, kIdle);
  EXPECT_EQ(priority_of(apart), kBestEffort | 6);
  pid_t children[] = {sharing, third, apart};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(kill(children[i], SIGKILL), 0);
    EXPECT_EQ(tree_wait(children[i]), SIGKILL);
  }
  return e2e_ok();
}
