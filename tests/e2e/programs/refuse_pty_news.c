// Packet mode has news that nobody has read.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned number;
  int master = pty_open_master(&number), on = 1;
  int slave = pty_open_slave(number, O_RDWR);
  char news;
  EXPECT_EQ(ioctl(master, TIOCPKT, &on), 0);
  EXPECT_EQ(tcflush(slave, TCIFLUSH), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(read(master, &news, 1), 1);
  EXPECT_EQ(news & TIOCPKT_FLUSHREAD, TIOCPKT_FLUSHREAD);
  return e2e_ok();
}
