// Signals that are pending for children, sent by relatives, with their senders.
#include "tests/e2e/programs/tree.h"

static sigset_t all;

static void take(int signal, int value, pid_t sender) {
  siginfo_t info;
  struct timespec none = {0, 0};
  EXPECT_EQ(sigtimedwait(&all, &info, &none), signal);
  EXPECT_EQ(info.si_pid, sender);
  EXPECT_EQ(info.si_uid, getuid());
  if (value) EXPECT_EQ(info.si_value.sival_int, value);
}

static void child_main(long number) {
  if (number == 1) {
    for (int i = 1; i <= 3; ++i)
      EXPECT_EQ(sigqueue(getppid(), SIGRTMIN + 3, (union sigval){.sival_int = i}), 0);
  }
  tree_set_up_and_wait();
  take(SIGUSR1, 0, getppid());
  take(SIGRTMIN + 2, 40 + (int)number, getppid());
  siginfo_t info;
  struct timespec none = {0, 0};
  EXPECT_EQ(sigtimedwait(&all, &info, &none), -1);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  sigfillset(&all);
  sigdelset(&all, SIGCHLD);
  sigprocmask(SIG_BLOCK, &all, NULL);
  pid_t children[2];
  for (int i = 0; i < 2; ++i) {
    children[i] = tree_fork(child_main, i);
    EXPECT_EQ(sigqueue(children[i], SIGRTMIN + 2, (union sigval){.sival_int = 40 + i}), 0);
    EXPECT_EQ(kill(children[i], SIGUSR1), 0);
  }
  tree_ready_and_wait(2);
  for (int i = 1; i <= 3; ++i) take(SIGRTMIN + 3, i, children[1]);
  for (int i = 0; i < 2; ++i) tree_reap(children[i]);
  return e2e_ok();
}
