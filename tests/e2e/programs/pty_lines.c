// A pseudoterminal that edits lines: whole lines, an end of file, one that is still being typed; echoes.
// Another whose output was stopped with ^S.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned number, stopped_number;
  int master = pty_open_master(&number), slave = pty_open_slave(number, O_RDWR);
  int stopped_master = pty_open_master(&stopped_number), stopped = pty_open_slave(stopped_number, O_RDWR | O_NONBLOCK);
  pty_type(master, "first\nsecond\x04\x04mistakX");
  pty_type(stopped, "before ");
  pty_type(stopped_master, "\x13");
  for (int i = 0; i < 1000 && (pty_poll(stopped, POLLOUT, 0) & POLLOUT); ++i) e2e_pause_ms(1);
  EXPECT_EQ(pty_poll(stopped, POLLOUT, 0), 0);
  e2e_ready_and_wait();

  pty_type(master, "\x7f" "e\n");
  pty_expect(slave, "first\n");
  pty_expect(slave, "second");
  pty_expect(slave, "");
  pty_expect(slave, "mistake\n");
  e2e_pause_ms(20);
  pty_expect(master, "first\r\nsecondmistakX\b \be\r\n");
  EXPECT(write(stopped, "no", 2) == -1 && errno == EAGAIN);
  pty_type(stopped_master, "\x11");
  EXPECT(pty_poll(stopped, POLLOUT, 5000) & POLLOUT);
  pty_type(stopped, "after");
  e2e_pause_ms(20);
  pty_expect(stopped_master, "before after");
  return e2e_ok();
}
