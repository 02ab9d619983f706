#ifndef TESTS_E2E_PROGRAMS_PTY_H_
#define TESTS_E2E_PROGRAMS_PTY_H_

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "tests/e2e/programs/e2e.h"

// A pseudoterminal that nobody has opened; its number.
E2E_FN int pty_open_master(unsigned* number) {
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), off = 0;
  if (master < 0) e2e_skip("no pseudo terminals here");
  EXPECT_EQ(ioctl(master, TIOCSPTLCK, &off), 0);
  EXPECT_EQ(ioctl(master, TIOCGPTN, number), 0);
  return master;
}

E2E_FN int pty_open_slave(unsigned number, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/dev/pts/%u", number);
  int slave = open(path, flags | O_NOCTTY);
  EXPECT(slave >= 0);
  return slave;
}

E2E_FN short pty_poll(int fd, short events, int ms) {
  struct pollfd poller = {fd, events, 0};
  int ready = poll(&poller, 1, ms);
  return ready == 1 ? poller.revents : 0;
}

// One read that has to give exactly `text`.
E2E_FN void pty_expect(int fd, const char* text) {
  char got[8192];
  EXPECT(pty_poll(fd, POLLIN, 5000) & POLLIN);
  ssize_t n = read(fd, got, sizeof got - 1);
  got[n < 0 ? 0 : n] = 0;
  if (n != (ssize_t)strlen(text) || memcmp(got, text, n) != 0)
    e2e_fail("read \"%s\" (%zd bytes, errno %d), not \"%s\"", got, n, errno, text);
}

E2E_FN void pty_type(int fd, const char* text) { EXPECT_EQ(write(fd, text, strlen(text)), strlen(text)); }

#endif  // TESTS_E2E_PROGRAMS_PTY_H_
