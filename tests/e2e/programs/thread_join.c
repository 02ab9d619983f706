// clear_child_tid: joining threads that end after the go works, and new threads can be made.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static void* thread_main(void* number) {
  e2e_wait_go();
  return (void*)((intptr_t)number * 3);
}

static void* late(void* number) { return number; }

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t threads[10], another;
  for (intptr_t i = 0; i < 10; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, (void*)i), 0);
  e2e_ready_and_wait();
  for (intptr_t i = 0; i < 10; ++i) {
    void* result;
    EXPECT_EQ(pthread_join(threads[i], &result), 0);
    EXPECT_EQ(result, i * 3);
  }
  void* result;
  EXPECT_EQ(pthread_create(&another, NULL, late, (void*)77), 0);
  EXPECT_EQ(pthread_join(another, &result), 0);
  EXPECT_EQ(result, 77);
  return e2e_ok();
}
