// A futex wait with a relative timeout lasts it and ends in ETIMEDOUT.
#include "tests/e2e/programs/timed_call.h"

static int word;

static void call(void) {
  struct timespec ts = {CALL_MS / 1000, CALL_MS % 1000 * 1000000};
  EXPECT_EQ(syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &ts, NULL, 0), -1);
  EXPECT_EQ(errno, ETIMEDOUT);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  timed_call(call);
  return e2e_ok();
}
