// A child that wants to hear of its parent's death hears of it when it happens, and not before.
#include "tests/e2e/programs/tree.h"

static volatile pid_t* grandchild;

static void listen(long unused) {
  (void)unused;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  EXPECT_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0), 0);
  *grandchild = getpid();
  pid_t parent = getppid();
  tree_set_up_and_wait();
  siginfo_t info;
  struct timespec short_ts = {0, 20000000}, long_ts = {5, 0};
  if (getppid() == parent) {
    int value = 0;
    EXPECT_EQ(prctl(PR_GET_PDEATHSIG, &value, 0, 0, 0), 0);
    EXPECT_EQ(value, SIGUSR2);
    EXPECT(sigtimedwait(&set, &info, &short_ts) == -1 && errno == EAGAIN);
    EXPECT_EQ(kill(parent, SIGUSR1), 0);
  }
  EXPECT_EQ(sigtimedwait(&set, &info, &long_ts), SIGUSR2);
}

static void be_parent(long unused) {
  (void)unused;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  tree_fork(listen, 0);
  tree_set_up();
  siginfo_t info;
  EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  grandchild = tree_memory(4096);
  EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  pid_t child = tree_fork(be_parent, 0);
  tree_ready_and_wait(2);
  tree_reap(child);
  tree_reap(*grandchild);
  return e2e_ok();
}
