// The kernel still knows the robust list: the owner of a robust mutex dies and the next one learns
// it.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static pthread_mutex_t mutex;

static void* owner(void* unused) {
  EXPECT_EQ(pthread_mutex_lock(&mutex), 0);
  e2e_wait_go();
  syscall(SYS_exit, 0);  // Dies with the mutex.
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutexattr_setpshared(&attributes,
                               PTHREAD_PROCESS_SHARED);  // musl wakes no other waiters.
  EXPECT_EQ(pthread_mutex_init(&mutex, &attributes), 0);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, owner, NULL), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 10;
  EXPECT_EQ(pthread_mutex_timedlock(&mutex, &until), EOWNERDEAD);
  EXPECT_EQ(pthread_mutex_consistent(&mutex), 0);
  EXPECT_EQ(pthread_mutex_unlock(&mutex), 0);
  return e2e_ok();
}
