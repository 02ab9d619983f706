// Threads that compute all the time, each a sum that is known.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

enum { kThreads = 8 };
static volatile int stop;
static int running;
static uint64_t rounds[kThreads], sums[kThreads];

static void* thread_main(void* given) {
  uint64_t i = 0, sum = 0, seed = (uintptr_t)given + 1;
  __atomic_fetch_add(&running, 1, __ATOMIC_RELAXED);
  do {
    sum += i * seed ^ seed;
    ++i;
  } while (!stop);
  rounds[seed - 1] = i;
  sums[seed - 1] = sum;
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t threads[kThreads];
  for (intptr_t i = 0; i < kThreads; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, (void*)i), 0);
  // On a busy machine the last one may be long in coming.
  while (__atomic_load_n(&running, __ATOMIC_RELAXED) < kThreads) e2e_pause_ms(1);
  e2e_ready_and_wait();
  stop = 1;
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ(pthread_join(threads[t], NULL), 0);
    uint64_t sum = 0, seed = t + 1;
    for (uint64_t i = 0; i < rounds[t]; ++i) sum += i * seed ^ seed;
    EXPECT_EQ(sums[t], sum);
    EXPECT(rounds[t] > 0);
  }
  return e2e_ok();
}
