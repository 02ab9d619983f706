// read on an empty pipe waits for the data.
#include "tests/e2e/programs/timed_call.h"

static int ends[2];
static void call(void) {
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
}
static void wake(void) { EXPECT_EQ(write(ends[1], "x", 1), 1); }

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(pipe(ends), 0);
  woken_call(call, wake);
  return e2e_ok();
}
