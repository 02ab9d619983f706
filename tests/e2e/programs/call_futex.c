// A futex wait without a timeout lasts until it is woken.
#include "tests/e2e/programs/timed_call.h"

enum { kWait = 0, kWake = 1 };
static volatile int word;

static void call(void) {
  while (word == 0) {
    long rc = syscall(SYS_futex, &word, kWait, 0, NULL, NULL, 0);
    EXPECT(rc == 0 || errno == EAGAIN);
  }
}
static void wake(void) {
  word = 1;
  syscall(SYS_futex, &word, kWake, INT_MAX, NULL, NULL, 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  woken_call(call, wake);
  return e2e_ok();
}
