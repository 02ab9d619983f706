// Zombies: wait tells how they ended; the restore itself sends no SIGCHLD.
#include "tests/e2e/programs/tree.h"

static volatile int signals;
static void on_child(int signal) {
  (void)signal;
  ++signals;
}

static void end_by(long signal) {
  if (signal < 0) _exit((int)-signal);
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction((int)signal, &standard, NULL);
  raise((int)signal);
  for (;;) pause();
}

static void have_zombie(long unused) {
  (void)unused;
  pid_t zombie = tree_fork(end_by, -9);
  tree_await_end(zombie);
  tree_set_up_and_wait();
  EXPECT_EQ(WEXITSTATUS(tree_wait(zombie)), 9);
}

int main(int argc, char** argv) {
  static const long kEnds[] = {-77, -255, SIGKILL, SIGTERM, 40, 0};
  enum { kCount = 5 };
  tree_start(argc, argv);
  pid_t zombies[kCount];
  for (int i = 0; i < kCount; ++i) zombies[i] = tree_fork(end_by, kEnds[i]);
  for (int i = 0; i < kCount; ++i) tree_await_end(zombies[i]);
  pid_t other = tree_fork(have_zombie, 0);
  tree_await(1);
  struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
  EXPECT_EQ(sigaction(SIGCHLD, &action, NULL), 0);
  e2e_ready();
  while (!e2e_go_exists()) e2e_pause_ms(3);
  for (int i = 0; i < kCount; ++i) {
    siginfo_t info = {0};
    EXPECT_EQ(waitid(P_PID, zombies[i], &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(info.si_pid, zombies[i]);
    EXPECT_EQ(info.si_uid, getuid());
    EXPECT_EQ(info.si_code, kEnds[i] < 0 ? CLD_EXITED : CLD_KILLED);
    EXPECT_EQ(info.si_status, labs(kEnds[i]));
    int status = 0;
    EXPECT_EQ(waitpid(zombies[i], &status, WNOHANG), zombies[i]);
    EXPECT_EQ(WIFEXITED(status), kEnds[i] < 0);
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), labs(kEnds[i]));
    EXPECT(kill(zombies[i], 0) == -1 && errno == ESRCH);
  }
  tree_reap(other);
  EXPECT_EQ(signals, 1);  // That one's.
  return e2e_ok();
}
