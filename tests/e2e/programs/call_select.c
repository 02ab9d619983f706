// select lasts its timeout.
#include <sys/select.h>

#include "tests/e2e/programs/timed_call.h"

static int ends[2];
static void call(void) {
  struct timeval tv = {CALL_MS / 1000, CALL_MS % 1000 * 1000};
  fd_set in;
  FD_ZERO(&in);
  FD_SET(ends[0], &in);
  EXPECT_EQ(select(ends[0] + 1, &in, NULL, NULL, &tv), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(pipe(ends), 0);
  timed_call(call);
  return e2e_ok();
}
