// The three interval timers: time left and interval; the real one fires after the go.
#include <sys/time.h>

#include "tests/e2e/programs/e2e.h"

static volatile int fired;
static void handler(int signal) { fired = signal; }

static void check(int which, long seconds, long interval_us) {
  struct itimerval now;
  EXPECT_EQ(getitimer(which, &now), 0);
  EXPECT_BETWEEN(now.it_value.tv_sec, seconds - 300, seconds);
  EXPECT_EQ(now.it_interval.tv_sec * 1000000 + now.it_interval.tv_usec, interval_us);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct itimerval real = {{7, 250000}, {3000, 0}}, virtual = {{0, 500}, {2000, 0}},
                   prof = {{0, 0}, {1000, 0}};
  EXPECT_EQ(setitimer(ITIMER_REAL, &real, NULL), 0);
  EXPECT_EQ(setitimer(ITIMER_VIRTUAL, &virtual, NULL), 0);
  EXPECT_EQ(setitimer(ITIMER_PROF, &prof, NULL), 0);
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval before;
  EXPECT_EQ(getitimer(ITIMER_VIRTUAL, &before), 0);
  long interval = before.it_interval.tv_usec;  // The kernel may round it to its ticks.
  EXPECT_EQ(getitimer(ITIMER_PROF, &before), 0);
  e2e_ready_and_wait();
  check(ITIMER_REAL, 3000, 7250000);
  check(ITIMER_VIRTUAL, 2000, interval);
  check(ITIMER_PROF, 1000, 0);
  struct itimerval soon = {{0, 0}, {0, 1000}};
  EXPECT_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
  for (int i = 0; i < 1000 && !fired; ++i) e2e_pause_ms(1);
  EXPECT_EQ(fired, SIGALRM);
  return e2e_ok();
}
