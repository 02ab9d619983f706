// A pipe that holds both a stream of bytes and a packet.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int ends[2];
  char text[8192] = "stream";
  EXPECT_EQ(pipe(ends), 0);
  // A whole page: what follows a shorter piece joins it, packet or not (pipe_write(), fs/pipe.c).
  EXPECT_EQ(write(ends[1], text, 4096), 4096);
  EXPECT_EQ(fcntl(ends[1], F_SETFL, O_DIRECT), 0);
  EXPECT_EQ(write(ends[1], "packet", 6), 6);
  e2e_ready_and_wait();
  EXPECT_EQ(read(ends[0], text, sizeof text), 4096 + 6);
  return e2e_ok();
}
