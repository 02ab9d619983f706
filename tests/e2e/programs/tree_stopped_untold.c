// A stopped child that its parent has not waited for yet: wait still says so, once, with the signal,
// and SIGCHLD is pending once.
#include "tests/e2e/programs/tree.h"

static void live(long unused) {
  (void)unused;
  EXPECT_EQ(setpgid(0, 0), 0);
  tree_set_up();
  for (;;) pause();
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  sigset_t chld;
  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_BLOCK, &chld, NULL);
  pid_t child = tree_fork(live, 0);
  tree_await(1);
  EXPECT_EQ(kill(child, SIGTSTP), 0);
  siginfo_t info = {0};
  EXPECT_EQ(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT), 0);
  e2e_ready_and_wait();
  struct timespec none = {0, 0};
  EXPECT_EQ(sigtimedwait(&chld, &info, &none), SIGCHLD);
  EXPECT_EQ(info.si_code, CLD_STOPPED);
  EXPECT_EQ(info.si_pid, child);
  EXPECT_EQ(info.si_status, SIGTSTP);
  EXPECT(sigtimedwait(&chld, &info, &none) == -1 && errno == EAGAIN);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, WNOHANG | WUNTRACED), child);
  EXPECT(WIFSTOPPED(status));
  EXPECT_EQ(WSTOPSIG(status), SIGTSTP);
  EXPECT_EQ(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
  EXPECT_EQ(kill(child, SIGKILL), 0);
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return e2e_ok();
}
