// Process id, thread ids, group and session are what they were.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static volatile long thread_id[3];
static volatile int checked;
static void* thread_main(void* given) {
  volatile long* id = given;
  *id = syscall(SYS_gettid);
  e2e_wait_go();
  EXPECT_EQ(syscall(SYS_gettid), *id);
  while (!checked) e2e_pause_ms(1);
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, (void*)&thread_id[i]), 0);
  for (int i = 0; i < 3; ++i) {
    while (thread_id[i] == 0) e2e_pause_ms(1);
  }
  pid_t pid = getpid(), group = getpgrp(), session = getsid(0);
  e2e_ready_and_wait();
  EXPECT_EQ(syscall(SYS_getpid), pid);
  EXPECT_EQ(syscall(SYS_gettid), pid);
  EXPECT_EQ(getpgrp(), group);
  EXPECT_EQ(getsid(0), session);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(syscall(SYS_tgkill, pid, thread_id[i], 0), 0);
  checked = 1;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pthread_join(threads[i], NULL), 0);
  return e2e_ok();
}
