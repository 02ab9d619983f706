// A pipe that holds both a stream of bytes and packets.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  EXPECT_EQ(write(ends[1], "stream", 6), 6);
  EXPECT_EQ(fcntl(ends[1], F_SETFL, O_DIRECT), 0);
  EXPECT_EQ(write(ends[1], "packet", 6), 6);
  e2e_ready_and_wait();
  char text[32];
  EXPECT_EQ(read(ends[0], text, sizeof text), 12);
  return e2e_ok();
}
