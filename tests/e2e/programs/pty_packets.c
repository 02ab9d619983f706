// Packet mode: every read of the master begins with what happened at the slave.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned number;
  int master = pty_open_master(&number), slave = pty_open_slave(number, O_RDWR), on = 1, is_on = 0;
  EXPECT_EQ(ioctl(master, TIOCPKT, &on), 0);
  pty_type(slave, "before\n");
  pty_type(master, "typed\n");
  e2e_pause_ms(20);
  e2e_ready_and_wait();

  EXPECT_EQ(ioctl(master, TIOCGPKT, &is_on), 0);
  EXPECT_EQ(is_on, 1);
  EXPECT_EQ(pty_poll(master, POLLPRI, 0), 0);
  pty_type(slave, "after\n");
  e2e_pause_ms(20);
  char got[256] = "";
  const char* wanted = "before\r\ntyped\r\nafter\r\n";
  EXPECT_EQ(read(master, got, sizeof got), 1 + strlen(wanted));
  EXPECT_EQ(got[0], TIOCPKT_DATA);
  EXPECT(memcmp(got + 1, wanted, strlen(wanted)) == 0);
  EXPECT_EQ(tcflow(slave, TCOOFF), 0);
  EXPECT_EQ(read(master, got, sizeof got), 1);
  EXPECT_EQ(got[0], TIOCPKT_STOP);
  pty_expect(slave, "typed\n");
  return e2e_ok();
}
