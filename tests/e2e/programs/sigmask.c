// Every thread has its own signal mask.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static void* thread_main(void* number) {
  sigset_t mask, now;
  sigemptyset(&mask);
  for (int i = 1; i < 5; ++i) sigaddset(&mask, SIGRTMIN + i * (int)(intptr_t)number);
  EXPECT_EQ(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
  e2e_wait_go();
  EXPECT_EQ(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
  for (int s = 1; s < 64; ++s)
    if (s < 32 || s > 34) EXPECT_EQ(sigismember(&now, s), sigismember(&mask, s));
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t threads[5];
  for (intptr_t i = 0; i < 5; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, (void*)(i + 1)), 0);
  sigset_t mask, now;
  sigfillset(&mask);
  sigdelset(&mask, SIGTERM);
  EXPECT_EQ(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
  EXPECT_EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  EXPECT_EQ(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
  EXPECT(memcmp(&now, &mask, 8) == 0);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pthread_join(threads[i], NULL), 0);
  return e2e_ok();
}
