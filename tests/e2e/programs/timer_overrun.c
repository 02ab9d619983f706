// A timer whose signal is blocked counts its overruns, before and after.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  timer_t timer;
  struct sigevent event = {
      .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2, .sigev_value.sival_int = 9};
  EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  struct itimerspec spec = {{0, 5000000}, {0, 5000000}};
  EXPECT_EQ(timer_settime(timer, 0, &spec, NULL), 0);
  e2e_pause_ms(200);  // About 40 expirations: one signal, the rest overrun.
  e2e_ready_and_wait();
  siginfo_t info;
  struct timespec second = {2, 0};
  EXPECT_EQ(sigtimedwait(&set, &info, &second), SIGRTMIN + 2);
  EXPECT_EQ(info.si_code, SI_TIMER);
  EXPECT_EQ(info.si_value.sival_int, 9);
  EXPECT(info.si_overrun >= 30);
  EXPECT(timer_getoverrun(timer) >= 30);
  EXPECT_EQ(sigtimedwait(&set, &info, &second), SIGRTMIN + 2);  // It goes on.
  return e2e_ok();
}
