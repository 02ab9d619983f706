// A terminal with another line discipline than N_TTY.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned number;
  int master = pty_open_master(&number), null = 27 /* N_NULL */;
  if (ioctl(master, TIOCSETD, &null) != 0) e2e_skip("no other line discipline");
  e2e_ready_and_wait();
  int now = 0;
  EXPECT_EQ(ioctl(master, TIOCGETD, &now), 0);
  EXPECT_EQ(now, null);
  return e2e_ok();
}
