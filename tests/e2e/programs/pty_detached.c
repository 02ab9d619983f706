// Masters without a slave: one nobody has opened yet, one that was closed again, a locked one.  The slaves
// are opened later, by the numbers the program remembers.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned fresh_number, used_number, locked_number;
  int fresh = pty_open_master(&fresh_number), used = pty_open_master(&used_number);
  int locked = pty_open_master(&locked_number), on = 1, off = 0, is_on = 0;
  int slave = pty_open_slave(used_number, O_RDWR);
  pty_type(used, "waits\n");
  e2e_pause_ms(20);
  pty_expect(used, "waits\r\n");
  pty_type(slave, "last words\n");
  close(slave);
  EXPECT_EQ(ioctl(locked, TIOCSPTLCK, &on), 0);
  EXPECT_EQ(pty_poll(fresh, POLLIN, 0), 0);
  EXPECT(pty_poll(used, POLLIN, 0) & POLLHUP);
  e2e_ready_and_wait();

  EXPECT_EQ(pty_poll(fresh, POLLIN, 0), 0);
  EXPECT(pty_poll(used, POLLIN, 0) & POLLHUP);
  pty_expect(used, "last words\r\n");
  char byte;
  EXPECT(read(used, &byte, 1) == -1 && errno == EIO);
  slave = pty_open_slave(used_number, O_RDWR);
  EXPECT_EQ(pty_poll(used, POLLIN, 0) & POLLHUP, 0);
  pty_expect(slave, "waits\n");
  pty_type(slave, "again\n");
  pty_expect(used, "again\r\n");
  slave = pty_open_slave(fresh_number, O_RDWR);
  pty_type(slave, "hello\n");
  pty_expect(fresh, "hello\r\n");
  char path[64];
  snprintf(path, sizeof path, "/dev/pts/%u", locked_number);
  EXPECT(open(path, O_RDWR | O_NOCTTY) == -1 && errno == EIO);
  EXPECT_EQ(ioctl(locked, TIOCGPTLCK, &is_on), 0);
  EXPECT_EQ(is_on, 1);
  EXPECT_EQ(ioctl(locked, TIOCSPTLCK, &off), 0);
  pty_open_slave(locked_number, O_RDWR);
  return e2e_ok();
}
