// Settings of a terminal that root has locked.
#include "tests/e2e/programs/pty.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned number;
  int master = pty_open_master(&number);
  struct termios locked = {.c_lflag = ECHO};
  if (ioctl(master, TIOCSLCKTRMIOS, &locked) != 0) e2e_skip("only root locks settings");
  e2e_ready_and_wait();
  return e2e_ok();
}
