// A timer on the CPU clock of another process.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  clockid_t clock;
  EXPECT_EQ(clock_getcpuclockid(getppid(), &clock), 0);
  timer_t timer;
  EXPECT_EQ(timer_create(clock, NULL, &timer), 0);
  e2e_ready_and_wait();
  struct itimerspec left;
  EXPECT_EQ(timer_gettime(timer, &left), 0);
  return e2e_ok();
}
