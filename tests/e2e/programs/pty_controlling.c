// A process whose session is controlled by a pseudoterminal of its own, opened as /dev/tty as well.
#include <signal.h>

#include "tests/e2e/programs/pty.h"

static volatile sig_atomic_t interrupted;
static void on_interrupt(int signal) { interrupted = signal; }

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned number;
  int master = pty_open_master(&number), slave = pty_open_slave(number, O_RDWR);
  if (getsid(0) != getpid()) EXPECT(setsid() > 0);
  EXPECT_EQ(ioctl(slave, TIOCSCTTY, 0), 0);
  int tty = open("/dev/tty", O_RDWR | O_CLOEXEC), reopened;
  EXPECT(tty >= 0);
  close(slave);
  struct sigaction action = {.sa_handler = on_interrupt};
  EXPECT_EQ(sigaction(SIGINT, &action, NULL), 0);
  EXPECT_EQ(sigaction(SIGHUP, &action, NULL), 0);
  e2e_ready_and_wait();

  EXPECT_EQ(interrupted, 0);
  EXPECT_EQ(tcgetsid(master), getpid());
  EXPECT_EQ(tcgetpgrp(tty), getpgrp());
  struct stat st;
  EXPECT_EQ(fstat(tty, &st), 0);
  EXPECT_EQ(st.st_rdev, makedev(5, 0));
  EXPECT_EQ(fcntl(tty, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
  EXPECT((reopened = open("/dev/tty", O_RDWR)) >= 0);
  pty_type(tty, "one ");
  pty_type(reopened, "two");
  e2e_pause_ms(20);
  pty_expect(master, "one two");
  pty_type(master, "\x03");
  for (int i = 0; i < 1000 && !interrupted; ++i) e2e_pause_ms(3);
  EXPECT_EQ(interrupted, SIGINT);
  return e2e_ok();
}
