// A parent waits for its children in every way there is: none has ended before the go.
#include <sys/resource.h>

#include "tests/e2e/programs/tree.h"

static void obey(long code) {
  tree_set_up_and_wait();
  if (code == 5) e2e_pause_ms(50);
  _exit(code);
}

static void loop(long unused) {
  tree_set_up();
  for (;;) pause();
  (void)unused;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  sigset_t chld;
  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_BLOCK, &chld, NULL);
  pid_t first = tree_fork(obey, 3), second = tree_fork(obey, 5), third = tree_fork(loop, 0);
  tree_await(3);
  EXPECT_EQ(waitpid(-1, NULL, WNOHANG), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(waitpid(third, NULL, WNOHANG), 0);
  EXPECT(waitpid(getppid(), NULL, WNOHANG) == -1 && errno == ECHILD);
  // SIGCHLD tells who ended and how.
  siginfo_t info;
  struct timespec second_ts = {5, 0};
  EXPECT_EQ(sigtimedwait(&chld, &info, &second_ts), SIGCHLD);
  EXPECT_EQ(info.si_code, CLD_EXITED);
  EXPECT_EQ(info.si_pid, first);
  EXPECT_EQ(info.si_status, 3);
  struct rusage usage;
  int status = 0;
  EXPECT_EQ(wait4(first, &status, 0, &usage), first);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 3);
  EXPECT_EQ(wait(&status), second);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 5);
  EXPECT_EQ(kill(third, SIGTERM), 0);
  memset(&info, 0, sizeof info);
  EXPECT_EQ(waitid(P_PID, third, &info, WEXITED), 0);
  EXPECT_EQ(info.si_code, CLD_KILLED);
  EXPECT_EQ(info.si_status, SIGTERM);
  EXPECT(wait(NULL) == -1 && errno == ECHILD);
  return e2e_ok();
}
