// A timer on the CPU clock of one of several threads.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static void* idle(void* unused) {
  for (;;) pause();
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, idle, NULL), 0);
  timer_t timer;
  EXPECT_EQ(timer_create(CLOCK_THREAD_CPUTIME_ID, NULL, &timer), 0);
  e2e_ready_and_wait();
  struct itimerspec left;
  EXPECT_EQ(timer_gettime(timer, &left), 0);
  return e2e_ok();
}
