// A thread with a descriptor table of its own.
#include <pthread.h>
#include <sched.h>

#include "tests/e2e/programs/e2e.h"

static volatile int ready;

static void* apart(void* unused) {
  EXPECT_EQ(unshare(CLONE_FILES), 0);
  ready = 1;
  for (;;) pause();
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, apart, NULL), 0);
  while (!ready) e2e_pause_ms(1);
  e2e_ready_and_wait();
  return e2e_ok();
}
