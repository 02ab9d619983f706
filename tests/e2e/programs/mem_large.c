// Enough memory that several threads read it when it comes back, in a program of many threads whose
// ids follow each other.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

enum { kThreads = 40, kAreas = 3, kAreaBytes = 24 << 20 };

static pthread_barrier_t barrier;

static void* thread_main(void* unused) {
  pthread_barrier_wait(&barrier);
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* area[kAreas];
  for (int i = 0; i < kAreas; ++i) {
    area[i] = mmap(NULL, kAreaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(area[i] != MAP_FAILED);
    e2e_fill(area[i], kAreaBytes, i);
  }
  EXPECT_EQ(madvise(area[1], kAreaBytes, MADV_HUGEPAGE) == 0 || errno == EINVAL, 1);
  pthread_t threads[kThreads];
  EXPECT_EQ(pthread_barrier_init(&barrier, NULL, kThreads + 1), 0);
  for (int i = 0; i < kThreads; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, NULL), 0);
  e2e_ready_and_wait();
  for (int i = 0; i < kAreas; ++i) e2e_check_fill(area[i], kAreaBytes, i);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < kThreads; ++i) EXPECT_EQ(pthread_join(threads[i], NULL), 0);
  return e2e_ok();
}
