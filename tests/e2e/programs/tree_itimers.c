// Interval timers and POSIX timers of children.
#include <sys/time.h>

#include "tests/e2e/programs/tree.h"

static volatile int alarms, ticks;
static void on_alarm(int signal) {
  (void)signal;
  ++alarms;
}
static void on_tick(int signal) {
  (void)signal;
  ++ticks;
}

static void child_main(long number) {
  signal(SIGALRM, on_alarm);
  signal(SIGRTMIN + 1, on_tick);
  struct itimerval real = {{0, 0}, {500 + number, 0}};
  EXPECT_EQ(setitimer(ITIMER_REAL, &real, NULL), 0);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};
  struct itimerspec spec = {{0, 5000000}, {0, 5000000}};
  EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  EXPECT_EQ(timer_settime(timer, 0, &spec, NULL), 0);
  tree_set_up_and_wait();
  EXPECT_EQ(getitimer(ITIMER_REAL, &real), 0);
  EXPECT_BETWEEN(real.it_value.tv_sec, 300, 500 + number);
  int before = ticks;
  for (int i = 0; i < 3000 && ticks < before + 2; ++i) e2e_pause_ms(1);
  EXPECT(ticks >= before + 2);
  struct itimerval soon = {{0, 0}, {0, 1000}};
  EXPECT_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
  for (int i = 0; i < 3000 && alarms == 0; ++i) e2e_pause_ms(1);
  EXPECT_EQ(alarms, 1);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t children[3];
  for (int i = 0; i < 3; ++i) children[i] = tree_fork(child_main, i);
  tree_ready_and_wait(3);
  for (int i = 0; i < 3; ++i) tree_reap(children[i]);
  return e2e_ok();
}
