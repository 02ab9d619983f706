// Exclusive mode, of a terminal with a slave and of one without.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (geteuid() != 0) e2e_skip("looking into a terminal in exclusive mode needs CAP_SYS_ADMIN");
  unsigned number, other_number;
  int master = pty_open_master(&number), slave = pty_open_slave(number, O_RDWR);
  int other = pty_open_master(&other_number), gone = pty_open_slave(other_number, O_RDWR), is_on = 0;
  EXPECT_EQ(ioctl(slave, TIOCEXCL), 0);
  EXPECT_EQ(ioctl(gone, TIOCEXCL), 0);
  close(gone);
  e2e_ready_and_wait();
  EXPECT_EQ(ioctl(slave, TIOCGEXCL, &is_on), 0);
  EXPECT_EQ(is_on, 1);
  EXPECT_EQ(ioctl(master, TIOCGEXCL, &is_on), 0);
  EXPECT_EQ(is_on, 0);
  gone = pty_open_slave(other_number, O_RDWR);
  EXPECT_EQ(ioctl(gone, TIOCGEXCL, &is_on), 0);
  EXPECT_EQ(is_on, 1);
  pty_type(slave, "x");
  pty_expect(master, "x");
  (void)other;
  return e2e_ok();
}
