// Shared anonymous memory with locks in it: some hold them, some wait for them, at places of their own.
#include <pthread.h>

#include "tests/e2e/programs/tree.h"

enum { kWaiters = 4, kBytes = 50 * 4096 };

struct Shared {
  pthread_mutex_t mutex, held;
  pthread_cond_t turn;
  int whose, done, robust;
};
static struct Shared* shared;

static void wait_turn(long number) {
  // Not all have it at the same place.
  if (number % 2) {
    shared = mremap(shared, kBytes, kBytes, MREMAP_MAYMOVE | MREMAP_FIXED, (char*)shared + (64 << 20));
    EXPECT(shared != MAP_FAILED);
  }
  e2e_check_fill((char*)shared + 8192, 40 * 4096, 8);
  EXPECT_EQ(pthread_mutex_lock(&shared->mutex), 0);
  tree_set_up();
  while (shared->whose != number) EXPECT_EQ(pthread_cond_wait(&shared->turn, &shared->mutex), 0);
  ++shared->whose;
  EXPECT_EQ(pthread_cond_broadcast(&shared->turn), 0);
  EXPECT_EQ(pthread_mutex_unlock(&shared->mutex), 0);
  e2e_check_fill((char*)shared + 8192, 40 * 4096, 8);
  // Held by the parent until everybody has had his turn.
  EXPECT_EQ(pthread_mutex_lock(&shared->held), 0);
  ++shared->done;
  EXPECT_EQ(pthread_mutex_unlock(&shared->held), 0);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  shared = tree_memory(kBytes);
  pthread_mutexattr_t attr;
  pthread_condattr_t cond_attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  pthread_condattr_init(&cond_attr);
  pthread_condattr_setpshared(&cond_attr, PTHREAD_PROCESS_SHARED);
  EXPECT_EQ(pthread_mutex_init(&shared->mutex, &attr), 0);
  EXPECT_EQ(pthread_mutex_init(&shared->held, &attr), 0);
  EXPECT_EQ(pthread_cond_init(&shared->turn, &cond_attr), 0);
  e2e_fill((char*)shared + 8192, 40 * 4096, 8);
  EXPECT_EQ(pthread_mutex_lock(&shared->held), 0);
  shared->whose = -1;
  pid_t children[kWaiters];
  for (long i = 0; i < kWaiters; ++i) children[i] = tree_fork(wait_turn, i);
  tree_ready_and_wait(kWaiters);
  EXPECT_EQ(pthread_mutex_lock(&shared->mutex), 0);
  shared->whose = 0;
  EXPECT_EQ(pthread_cond_broadcast(&shared->turn), 0);
  while (shared->whose != kWaiters) EXPECT_EQ(pthread_cond_wait(&shared->turn, &shared->mutex), 0);
  EXPECT_EQ(pthread_mutex_unlock(&shared->mutex), 0);
  EXPECT_EQ(shared->done, 0);
  EXPECT_EQ(pthread_mutex_unlock(&shared->held), 0);
  for (int i = 0; i < kWaiters; ++i) tree_reap(children[i]);
  EXPECT_EQ(shared->done, kWaiters);
  return e2e_ok();
}
