// Owner and signal of a pipe set up for asynchronous notice.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 6);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  EXPECT_EQ(fcntl(ends[0], F_SETOWN, getpid()), 0);
  EXPECT_EQ(fcntl(ends[0], 10 /* F_SETSIG */, SIGRTMIN + 6), 0);
  EXPECT_EQ(fcntl(ends[0], F_SETFL, O_ASYNC), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(ends[0], F_GETOWN), getpid());
  EXPECT_EQ(fcntl(ends[0], 11 /* F_GETSIG */), SIGRTMIN + 6);
  EXPECT(fcntl(ends[0], F_GETFL) & O_ASYNC);
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  siginfo_t info;
  struct timespec second = {2, 0};
  EXPECT_EQ(sigtimedwait(&set, &info, &second), SIGRTMIN + 6);
  EXPECT_EQ(info.si_fd, ends[0]);
  return e2e_ok();
}
