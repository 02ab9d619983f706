// sigsuspend waits for its signal; the mask before it is back afterwards.
#include "tests/e2e/programs/timed_call.h"

static volatile int handled;
static pthread_t main_thread;
static void handler(int signal) { handled = signal; }
static void call(void) {
  sigset_t none;
  sigfillset(&none);
  sigdelset(&none, SIGUSR1);
  EXPECT_EQ(sigsuspend(&none), -1);
  EXPECT_EQ(errno, EINTR);
}
static void wake(void) { EXPECT_EQ(pthread_kill(main_thread, SIGUSR1), 0); }

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR1, &action, NULL);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigaddset(&mask, SIGHUP);
  sigprocmask(SIG_BLOCK, &mask, NULL);
  main_thread = pthread_self();
  woken_call(call, wake);
  EXPECT_EQ(handled, SIGUSR1);
  sigprocmask(SIG_SETMASK, NULL, &mask);
  EXPECT(sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGHUP) && !sigismember(&mask, SIGUSR2));
  return e2e_ok();
}
