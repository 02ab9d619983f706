// waitid waits for a child that stops, then for its end.
#include "tests/e2e/programs/tree.h"

static void stop(long unused) {
  (void)unused;
  e2e_wait_go();
  raise(SIGSTOP);
  _exit(42);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t child = tree_fork(stop, 0);
  e2e_ready();
  siginfo_t info = {0};
  EXPECT_EQ(waitid(P_ALL, 0, &info, WEXITED | WSTOPPED), 0);
  EXPECT_EQ(info.si_pid, child);
  EXPECT_EQ(info.si_code, CLD_STOPPED);
  EXPECT_EQ(info.si_status, SIGSTOP);
  EXPECT_EQ(kill(child, SIGCONT), 0);
  EXPECT_EQ(waitid(P_PID, child, &info, WEXITED), 0);
  EXPECT_EQ(info.si_code, CLD_EXITED);
  EXPECT_EQ(info.si_status, 42);
  return e2e_ok();
}
