// A thread that may only read, write and end.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static int ends[2];
static volatile int ready;

static void* strict(void* unused) {
  char byte;
  EXPECT_EQ(prctl(PR_SET_SECCOMP, 1 /* SECCOMP_MODE_STRICT */, 0, 0, 0), 0);
  ready = 1;
  while (syscall(SYS_read, ends[0], &byte, 1) != 1) continue;
  ready = 2;
  syscall(SYS_exit, 0);
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(pipe(ends), 0);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, strict, NULL), 0);
  while (ready == 0) e2e_pause_ms(1);
  e2e_ready_and_wait();
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  while (ready != 2) e2e_pause_ms(1);
  return e2e_ok();
}
