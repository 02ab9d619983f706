// Both ends of a pseudoterminal in one process, with settings, size and unread data in both directions.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned number, again;
  int master = pty_open_master(&number);
  int slave = pty_open_slave(number, O_RDWR | O_NONBLOCK), reader = pty_open_slave(number, O_RDONLY), same = dup(slave);
  char name[64], path[64];
  snprintf(name, sizeof name, "/dev/pts/%u", number);
  struct stat before, after;
  EXPECT_EQ(fstat(slave, &before), 0);
  struct termios set, got;
  EXPECT_EQ(tcgetattr(slave, &set), 0);
  cfmakeraw(&set);
  set.c_cc[VMIN] = 3;
  set.c_cc[VTIME] = 7;
  cfsetspeed(&set, B19200);
  EXPECT_EQ(tcsetattr(slave, TCSANOW, &set), 0);
  struct winsize size = {31, 71, 310, 710}, now;
  EXPECT_EQ(ioctl(master, TIOCSWINSZ, &size), 0);
  pty_type(slave, "to the master\n");
  pty_type(master, "to the slave\r\x03\x13");
  e2e_ready_and_wait();

  EXPECT_EQ(ioctl(master, TIOCGPTN, &again), 0);
  EXPECT_EQ(again, number);
  EXPECT_EQ(ttyname_r(slave, path, sizeof path), 0);
  EXPECT(strcmp(path, name) == 0);
  EXPECT_EQ(fstat(slave, &after), 0);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_rdev, before.st_rdev);
  EXPECT_EQ(tcgetattr(master, &got), 0);
  EXPECT_EQ(got.c_iflag, set.c_iflag);
  EXPECT_EQ(got.c_oflag, set.c_oflag);
  EXPECT_EQ(got.c_lflag, set.c_lflag);
  EXPECT_EQ(cfgetospeed(&got), B19200);
  EXPECT_EQ(got.c_cc[VMIN], 3);
  EXPECT_EQ(got.c_cc[VTIME], 7);
  EXPECT_EQ(ioctl(slave, TIOCGWINSZ, &now), 0);
  EXPECT(memcmp(&size, &now, sizeof size) == 0);
  pty_type(same, "more\n");
  e2e_pause_ms(20);
  pty_expect(master, "to the master\nmore\n");
  pty_expect(reader, "to the slave\r\x03\x13");
  EXPECT(read(slave, path, 1) == -1 && errno == EAGAIN);
  EXPECT_EQ(fcntl(same, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
  EXPECT_EQ(fcntl(reader, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
  EXPECT_EQ(fcntl(master, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(slave, F_GETFD), 0);
  EXPECT_EQ(fcntl(same, F_GETFL) & O_CLOEXEC, 0);
  EXPECT_EQ(fcntl(same, F_SETFL, 0), 0);
  EXPECT_EQ(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
  return e2e_ok();
}
