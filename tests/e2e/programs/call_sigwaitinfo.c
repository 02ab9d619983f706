// sigwaitinfo waits for its signal, whose value arrives.
#include "tests/e2e/programs/timed_call.h"

static void call(void) {
  sigset_t set;
  siginfo_t info;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 1);
  EXPECT_EQ(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8), SIGRTMIN + 1);
  EXPECT_EQ(info.si_value.sival_int, 4711);
}
static void wake(void) {
  EXPECT_EQ(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 4711}), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, NULL);
  woken_call(call, wake);
  return e2e_ok();
}
