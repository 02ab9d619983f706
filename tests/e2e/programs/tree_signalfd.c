// A signalfd shared by fork gives everybody his own signals.
#include <sys/signalfd.h>

#include "tests/e2e/programs/tree.h"

static int fd;

static void take(int value, pid_t sender) {
  struct signalfd_siginfo info;
  EXPECT_EQ(read(fd, &info, sizeof info), sizeof info);
  EXPECT_EQ(info.ssi_signo, SIGUSR1);
  EXPECT_EQ(info.ssi_int, value);
  EXPECT_EQ(info.ssi_pid, sender);
}

static void child_main(long unused) {
  (void)unused;
  tree_set_up_and_wait();
  take(77, getppid());
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigprocmask(SIG_BLOCK, &mask, NULL);
  fd = signalfd(-1, &mask, SFD_CLOEXEC);
  pid_t child = tree_fork(child_main, 0);
  tree_await(1);
  EXPECT_EQ(sigqueue(child, SIGUSR1, (union sigval){.sival_int = 77}), 0);
  EXPECT_EQ(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 33}), 0);
  e2e_ready_and_wait();
  take(33, getpid());
  tree_reap(child);
  return e2e_ok();
}
