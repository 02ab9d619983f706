// ppoll lasts its timeout, and the signal mask it sets for the time of the call is undone.
#include <poll.h>

#include "tests/e2e/programs/timed_call.h"

static void call(void) {
  struct timespec ts = {CALL_MS / 1000, CALL_MS % 1000 * 1000000};
  sigset_t during;
  sigfillset(&during);
  EXPECT_EQ(ppoll(NULL, 0, &ts, &during), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  timed_call(call);
  sigprocmask(SIG_SETMASK, NULL, &mask);
  EXPECT(sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGUSR1));
  return e2e_ok();
}
