// Children with threads, and a child that a thread made.
#include <pthread.h>

#include "tests/e2e/programs/tree.h"

enum { kThreads = 5 };

static pthread_barrier_t barrier;

static void* thread_main(void* number) {
  pid_t id = (pid_t)syscall(SYS_gettid);
  pthread_barrier_wait(&barrier);
  e2e_wait_go();
  EXPECT_EQ(syscall(SYS_gettid), id);
  return (void*)((long)number * 3);
}

static void run_threads(long levels) {
  pthread_t threads[kThreads];
  pid_t child = levels > 1 ? tree_fork(run_threads, levels - 1) : 0;
  pthread_barrier_init(&barrier, NULL, kThreads + 1);
  for (long i = 0; i < kThreads; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, (void*)i), 0);
  pthread_barrier_wait(&barrier);
  tree_set_up_and_wait();
  for (long i = 0; i < kThreads; ++i) {
    void* result = NULL;
    EXPECT_EQ(pthread_join(threads[i], &result), 0);
    EXPECT_EQ((long)result, i * 3);
  }
  if (child) tree_reap(child);
}

static void idle(long unused) {
  (void)unused;
  tree_set_up_and_wait();
}

static void* fork_here(void* unused) {
  (void)unused;
  pid_t child = tree_fork(idle, 0);
  e2e_wait_go();
  tree_reap(child);
  return NULL;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t child = tree_fork(run_threads, 3);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, fork_here, NULL), 0);
  tree_ready_and_wait(4);
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  tree_reap(child);
  return e2e_ok();
}
