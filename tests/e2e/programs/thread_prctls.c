// Settings that each thread has for itself: timer slack, no_new_privs, MCE policy.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static void* thread_main(void* unused) {
  EXPECT_EQ(prctl(PR_SET_TIMERSLACK, 123456, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  e2e_wait_go();
  EXPECT_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 123456);
  EXPECT_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
  EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  long no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  long mce = prctl(PR_MCE_KILL_GET, 0, 0, 0, 0);
  EXPECT_EQ(prctl(PR_SET_TIMERSLACK, 77777, 0, 0, 0), 0);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  EXPECT_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 77777);
  EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), no_new_privs);
  EXPECT_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), mce);
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  return e2e_ok();
}
