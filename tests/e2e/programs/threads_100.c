// A hundred threads keep their ids, their thread-local data and their place.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

#ifndef COUNT
#define COUNT 100
#endif

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int started, go, done;
static __thread int number;

static void* thread_main(void* given) {
  number = (int)(intptr_t)given;
  long id = syscall(SYS_gettid);
  pthread_mutex_lock(&mutex);
  ++started;
  while (!go) pthread_cond_wait(&condition, &mutex);
  if (number == (int)(intptr_t)given && syscall(SYS_gettid) == id) ++done;
  pthread_mutex_unlock(&mutex);
  return given;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static pthread_t threads[COUNT];
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  for (intptr_t i = 0; i < COUNT; ++i)
    EXPECT_EQ(pthread_create(&threads[i], &attributes, thread_main, (void*)i), 0);
  while (__atomic_load_n(&started, __ATOMIC_SEQ_CST) < COUNT) e2e_pause_ms(5);
  e2e_ready_and_wait();
  pthread_mutex_lock(&mutex);
  go = 1;
  pthread_cond_broadcast(&condition);
  pthread_mutex_unlock(&mutex);
  for (intptr_t i = 0; i < COUNT; ++i) {
    void* result;
    EXPECT_EQ(pthread_join(threads[i], &result), 0);
    EXPECT_EQ(result, i);
  }
  EXPECT_EQ(done, COUNT);
  return e2e_ok();
}
