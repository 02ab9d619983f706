// The alternate signal stack of each thread, also for a thread that is on it.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static char stacks[2][65536];
static volatile int on_stack;

static void* thread_main(void* unused) {
  stack_t stack = {.ss_sp = stacks[0], .ss_size = sizeof stacks[0]}, now;
  EXPECT_EQ(sigaltstack(&stack, NULL), 0);
  e2e_wait_go();
  EXPECT_EQ(sigaltstack(NULL, &now), 0);
  EXPECT_EQ(now.ss_sp, stacks[0]);
  EXPECT_EQ(now.ss_size, sizeof stacks[0]);
  EXPECT_EQ(now.ss_flags, 0);
  return unused;
}

static void handler(int signal) {
  char here;
  stack_t now;
  on_stack = &here >= stacks[1] && &here < stacks[2] ? signal : -1;
  e2e_ready_and_wait();
  EXPECT_EQ(sigaltstack(NULL, &now), 0);
  EXPECT_EQ(now.ss_sp, stacks[1]);
  EXPECT_EQ(now.ss_flags, SS_ONSTACK);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
  stack_t stack = {.ss_sp = stacks[1], .ss_size = sizeof stacks[1]}, now;
  EXPECT_EQ(sigaltstack(&stack, NULL), 0);
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &action, NULL);
  e2e_pause_ms(20);
  raise(SIGUSR1);  // The handler waits for the go.
  EXPECT_EQ(on_stack, SIGUSR1);
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  EXPECT_EQ(sigaltstack(NULL, &now), 0);
  EXPECT_EQ(now.ss_sp, stacks[1]);
  EXPECT_EQ(now.ss_flags, 0);
  return e2e_ok();
}
