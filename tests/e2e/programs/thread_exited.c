// A thread group whose first thread has ended goes on.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static void* thread_main(void* unused) {
  e2e_pause_ms(50);
  e2e_ready_and_wait();
  EXPECT_EQ(syscall(SYS_gettid) == getpid(), 0);
  _exit(e2e_ok());
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
  pthread_exit(NULL);
}
