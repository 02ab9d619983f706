// A thread may have other credentials than its process.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static void* thread_main(void* unused) {
  // Not the library's function, which would tell every thread.
  EXPECT_EQ(syscall(SYS_setresgid, 55, 56, 57), 0);
  EXPECT_EQ(syscall(SYS_setfsuid, 58), 0);
  e2e_wait_go();
  gid_t r, e, s;
  EXPECT_EQ(syscall(SYS_getresgid, &r, &e, &s), 0);
  EXPECT(r == 55 && e == 56 && s == 57);
  EXPECT_EQ(syscall(SYS_setfsuid, -1), 58);
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (geteuid() != 0) e2e_skip("needs root");
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  EXPECT_EQ(getegid(), 0);
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  return e2e_ok();
}
