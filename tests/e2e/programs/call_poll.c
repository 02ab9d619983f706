// poll without an event lasts its timeout, and an event after it is still seen.
#include <poll.h>

#include "tests/e2e/programs/timed_call.h"

static int ends[2];
static void call(void) {
  struct pollfd fd = {.fd = ends[0], .events = POLLIN};
  EXPECT_EQ(poll(&fd, 1, CALL_MS), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(pipe(ends), 0);
  timed_call(call);
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  struct pollfd fd = {.fd = ends[0], .events = POLLIN};
  EXPECT_EQ(poll(&fd, 1, 0), 1);
  return e2e_ok();
}
