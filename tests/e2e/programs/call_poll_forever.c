// poll without a timeout waits for its event.
#include <poll.h>

#include "tests/e2e/programs/timed_call.h"

static int ends[2];
static void call(void) {
  struct pollfd fd = {.fd = ends[0], .events = POLLIN};
  EXPECT_EQ(poll(&fd, 1, -1), 1);
  EXPECT(fd.revents & POLLIN);
}
static void wake(void) { EXPECT_EQ(write(ends[1], "x", 1), 1); }

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(pipe(ends), 0);
  woken_call(call, wake);
  return e2e_ok();
}
