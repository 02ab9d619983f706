// Nice value and scheduling policy of each thread.
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include "tests/e2e/programs/e2e.h"

struct setting {
  int policy, nice;
};

static void check(const struct setting* wanted) {
  EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), wanted->policy);
  EXPECT_EQ(getpriority(PRIO_PROCESS, syscall(SYS_gettid)), wanted->nice);
}

static void apply(const struct setting* wanted) {
  struct sched_param none = {0};
  EXPECT_EQ(syscall(SYS_sched_setscheduler, 0, wanted->policy, &none), 0);
  EXPECT_EQ(setpriority(PRIO_PROCESS, syscall(SYS_gettid), wanted->nice), 0);
}

static void* thread_main(void* wanted) {
  apply(wanted);
  e2e_wait_go();
  check(wanted);
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct setting settings[4] = {
      {SCHED_BATCH, 7}, {SCHED_IDLE, 0}, {SCHED_OTHER, 19}, {SCHED_OTHER, 3}};
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, &settings[i]), 0);
  struct setting own = {SCHED_OTHER, 2};
  apply(&own);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  check(&own);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(pthread_join(threads[i], NULL), 0);
  return e2e_ok();
}
