// sigtimedwait, which the kernel never restarts, lasts its timeout and ends in EAGAIN.
#include "tests/e2e/programs/timed_call.h"

static void call(void) {
  struct timespec ts = {CALL_MS / 1000, CALL_MS % 1000 * 1000000};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  // Not the library's function: musl's hides EINTR.
  EXPECT_EQ(syscall(SYS_rt_sigtimedwait, &set, NULL, &ts, 8), -1);
  EXPECT_EQ(errno, EAGAIN);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  timed_call_forgiven(call, CALL_MS);  // Its timeout begins anew with a snapshot.
  return e2e_ok();
}
