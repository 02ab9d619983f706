// A write that is larger than its pipe is completed, each byte once.
#include "tests/e2e/programs/timed_call.h"

enum { kBytes = 400000 };
static int ends[2];
static char *sent, *received;

static void call(void) {
  ssize_t done = 0;
  // A write that a snapshot interrupts after some bytes went may come back short, as on any signal.
  while (done < kBytes) {
    ssize_t n = write(ends[1], sent + done, kBytes - done);
    EXPECT(n > 0);
    done += n;
  }
}
static void wake(void) {
  for (ssize_t done = 0, n; done < kBytes; done += n)
    EXPECT((n = read(ends[0], received + done, kBytes - done)) > 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(pipe(ends), 0);
  sent = malloc(kBytes);
  received = calloc(1, kBytes);
  e2e_fill(sent, kBytes, 5);
  woken_call(call, wake);
  EXPECT(memcmp(sent, received, kBytes) == 0);
  return e2e_ok();
}
