// pthread_cond_timedwait (an absolute futex timeout) and a mutex held across it keep working.
#include "tests/e2e/programs/timed_call.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int flag;

static void call(void) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 600;
  pthread_mutex_lock(&mutex);
  while (!flag) EXPECT_EQ(pthread_cond_timedwait(&condition, &mutex, &until), 0);
  pthread_mutex_unlock(&mutex);
}
static void wake(void) {
  pthread_mutex_lock(&mutex);
  flag = 1;
  pthread_cond_signal(&condition);
  pthread_mutex_unlock(&mutex);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  woken_call(call, wake);
  return e2e_ok();
}
