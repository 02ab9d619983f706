// The slave of a pseudoterminal whose master was closed.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned number;
  int master = pty_open_master(&number), slave = pty_open_slave(number, O_RDWR);
  close(master);
  e2e_ready_and_wait();

  char byte;
  struct termios settings;
  EXPECT_EQ(read(slave, &byte, 1), 0);
  EXPECT(write(slave, "x", 1) == -1 && errno == EIO);
  EXPECT(tcgetattr(slave, &settings) == -1 && errno == EIO);
  EXPECT(pty_poll(slave, POLLIN, 0) & POLLHUP);
  EXPECT_EQ(fcntl(slave, F_GETFL) & O_ACCMODE, O_RDWR);
  return e2e_ok();
}
