// Timers whose signals are blocked count their overruns, before and after; one that expired once,
// and has nothing to count, keeps its signal.
#include "tests/e2e/programs/e2e.h"

#define INTERVAL_MS 5

struct counted {
  timer_t timer;
  int signal;
  long long armed_ms;
};

static void start(struct counted* counted, clockid_t clock, int signal, long interval_ms) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct sigevent event = {
      .sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal, .sigev_value.sival_int = signal + 9};
  EXPECT_EQ(timer_create(clock, &event, &counted->timer), 0);
  counted->signal = signal;
  struct itimerspec spec = {{0, interval_ms * 1000000}, {0, INTERVAL_MS * 1000000}};
  counted->armed_ms = e2e_now_ms();
  EXPECT_EQ(timer_settime(counted->timer, 0, &spec, NULL), 0);
}

// Takes one signal, waiting for it for `wait_ms`; returns how many expirations it tells of.
static long long take(const struct counted* counted, long wait_ms) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, counted->signal);
  siginfo_t info;
  struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};
  if (sigtimedwait(&set, &info, &wait) != counted->signal) {
    EXPECT_EQ(errno, EAGAIN);
    return 0;
  }
  EXPECT_EQ(info.si_code, SI_TIMER);
  EXPECT_EQ(info.si_value.sival_int, counted->signal + 9);
  EXPECT(info.si_overrun >= 0);
  return 1 + info.si_overrun;
}

// `taken` expirations so far are as many as intervals went by while the program lived.
static void expect_all(const struct counted* counted, long long taken, long long before_ms) {
  long long dead_min, dead_max;
  e2e_dead_ms(&dead_min, &dead_max);
  EXPECT_BETWEEN(taken, (before_ms - counted->armed_ms - dead_max) / INTERVAL_MS - 2,
                 (e2e_now_ms() - counted->armed_ms - dead_min) / INTERVAL_MS + 1);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct counted steady, wall, once;
  start(&steady, CLOCK_MONOTONIC, SIGRTMIN + 2, INTERVAL_MS);
  start(&wall, CLOCK_REALTIME, SIGRTMIN + 3, INTERVAL_MS);
  start(&once, CLOCK_MONOTONIC, SIGRTMIN + 4, 0);
  e2e_pause_ms(200);  // About 40 expirations: one signal, the rest overrun.
  e2e_ready_and_wait();
  long long before_ms = e2e_now_ms();
  long long taken = take(&steady, 2000);
  EXPECT_EQ(timer_getoverrun(steady.timer), taken - 1);
  expect_all(&steady, taken, before_ms);
  EXPECT(take(&steady, 2000) >= 1);  // It goes on.

  // Restored, it may tell in several pieces.
  before_ms = e2e_now_ms();
  long long piece;
  for (taken = 0; (piece = take(&wall, 0)) > 0;) {
    taken += piece;
    if (e2e_now_ms() > before_ms + INTERVAL_MS) break;
  }
  expect_all(&wall, taken, before_ms);
  EXPECT(take(&wall, 2000) >= 1);

  EXPECT_EQ(take(&once, 0), 1);
  EXPECT_EQ(take(&once, 20), 0);
  return e2e_ok();
}
