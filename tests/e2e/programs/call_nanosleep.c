// nanosleep goes on for the time that was left.
#include "tests/e2e/programs/timed_call.h"

static void call(void) {
  struct timespec ts = {CALL_MS / 1000, CALL_MS % 1000 * 1000000};
  EXPECT_EQ(syscall(SYS_nanosleep, &ts, NULL), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  timed_call(call);
  return e2e_ok();
}
