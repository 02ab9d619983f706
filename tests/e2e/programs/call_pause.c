// pause ends only when a handler ran.
#include "tests/e2e/programs/timed_call.h"

static volatile int handled;
static pthread_t main_thread;
static void handler(int signal) { handled = signal; }
static void call(void) {
  EXPECT_EQ(pause(), -1);
  EXPECT_EQ(errno, EINTR);
  EXPECT_EQ(handled, SIGUSR1);
}
static void wake(void) { EXPECT_EQ(pthread_kill(main_thread, SIGUSR1), 0); }

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  main_thread = pthread_self();
  woken_call(call, wake);
  return e2e_ok();
}
