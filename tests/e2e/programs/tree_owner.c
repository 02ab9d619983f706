// F_SETOWN: a child, and a group, are told of input.
#include "tests/e2e/programs/tree.h"

static int one[2], two[2];

static void await_notice(long both) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGIO);
  sigaddset(&set, SIGRTMIN + 6);
  siginfo_t info;
  struct timespec long_ts = {5, 0};
  tree_set_up_and_wait();
  if (both) {
    EXPECT_EQ(sigtimedwait(&set, &info, &long_ts), SIGRTMIN + 6);
    EXPECT_EQ(info.si_fd, one[0]);
    EXPECT_EQ(write(one[1], "x", 1), 1);  // Nobody else wants that one.
  }
  EXPECT_EQ(sigtimedwait(&set, &info, &long_ts), both ? SIGRTMIN + 6 : SIGIO);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, NULL);
  EXPECT(pipe(one) == 0 && pipe(two) == 0);
  pid_t first = tree_fork(await_notice, 1), second = tree_fork(await_notice, 0);
  EXPECT_EQ(setpgid(second, second), 0);
  EXPECT_EQ(fcntl(one[0], F_SETOWN, first), 0);
  EXPECT_EQ(fcntl(one[0], 10 /* F_SETSIG */, SIGRTMIN + 6), 0);
  EXPECT_EQ(fcntl(one[0], F_SETFL, O_ASYNC), 0);
  EXPECT_EQ(fcntl(two[0], F_SETOWN, -second), 0);
  EXPECT_EQ(fcntl(two[0], F_SETFL, O_ASYNC), 0);
  tree_ready_and_wait(2);
  EXPECT_EQ(fcntl(one[0], F_GETOWN), first);
  EXPECT_EQ(write(one[1], "x", 1), 1);
  EXPECT_EQ(write(two[1], "x", 1), 1);
  tree_reap(first);
  tree_reap(second);
  return e2e_ok();
}
