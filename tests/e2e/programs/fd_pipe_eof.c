// A pipe whose writer is gone ends after its data; one whose reader is gone is broken.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int no_writer[2], no_reader[2];
  EXPECT(pipe(no_writer) == 0 && pipe(no_reader) == 0);
  EXPECT_EQ(write(no_writer[1], "rest", 4), 4);
  close(no_writer[1]);
  close(no_reader[0]);
  signal(SIGPIPE, SIG_IGN);
  e2e_ready_and_wait();
  char text[16];
  EXPECT_EQ(read(no_writer[0], text, sizeof text), 4);
  EXPECT_EQ(read(no_writer[0], text, sizeof text), 0);
  EXPECT(write(no_reader[1], "x", 1) == -1 && errno == EPIPE);
  return e2e_ok();
}
