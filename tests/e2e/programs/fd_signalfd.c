// signalfd: its mask; a signal that is pending can be read from it.
#include <sys/signalfd.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sigset_t all, mask;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigaddset(&mask, SIGRTMIN + 4);
  int fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
  EXPECT_EQ(sigqueue(getpid(), SIGRTMIN + 4, (union sigval){.sival_int = 31}), 0);
  EXPECT_EQ(kill(getpid(), SIGUSR2), 0);  // Not for this descriptor.
  e2e_ready_and_wait();
  struct signalfd_siginfo info;
  EXPECT_EQ(read(fd, &info, sizeof info), sizeof info);
  EXPECT_EQ(info.ssi_signo, SIGRTMIN + 4);
  EXPECT_EQ(info.ssi_int, 31);
  EXPECT_EQ(info.ssi_pid, getpid());
  EXPECT(read(fd, &info, sizeof info) == -1 && errno == EAGAIN);
  EXPECT_EQ(raise(SIGUSR1), 0);
  EXPECT_EQ(read(fd, &info, sizeof info), sizeof info);
  EXPECT_EQ(info.ssi_signo, SIGUSR1);
  return e2e_ok();
}
