// A pidfd of a single thread.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static volatile pid_t tid;

static void* idle(void* unused) {
  tid = syscall(SYS_gettid);
  for (;;) pause();
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, idle, NULL), 0);
  while (tid == 0) e2e_pause_ms(1);
  int fd = syscall(SYS_pidfd_open, tid, O_EXCL /* PIDFD_THREAD */);
  if (fd < 0) e2e_skip("no pidfds of threads before Linux 6.9");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
