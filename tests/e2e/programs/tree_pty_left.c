// A session whose foreground job has ended and been waited for, one member of which has left the terminal, and
// whose terminal only the leader's session holds.
#include <signal.h>
#include <sys/wait.h>

#include "tests/e2e/programs/pty.h"

struct shared {
  volatile int ready, go, ended_group, member_has, leader_has, done;
};
static struct shared* all;

static int has_terminal(void) {
  int fd = open("/dev/tty", O_RDWR | O_NOCTTY);
  if (fd >= 0) close(fd);
  return fd >= 0 ? 1 : -1;
}

static void run_member(int slave) {
  EXPECT_EQ(ioctl(slave, TIOCNOTTY), 0);
  close(slave);
  all->ready++;
  while (!all->go) e2e_pause_ms(3);
  all->member_has = has_terminal();
  all->done++;
  for (pid_t leader = getppid(); getppid() == leader;) e2e_pause_ms(5);
  _exit(0);
}

static void run_leader(unsigned number, int master) {
  close(master);
  setsid();
  int slave = pty_open_slave(number, O_RDWR);
  EXPECT_EQ(ioctl(slave, TIOCSCTTY, 0), 0);
  signal(SIGTTOU, SIG_IGN);
  if (fork() == 0) run_member(slave);
  pid_t job = fork();
  if (job == 0) {
    setpgid(0, 0);
    tcsetpgrp(slave, getpid());
    _exit(0);
  }
  waitpid(job, NULL, 0);
  all->ended_group = job;
  close(slave);
  all->ready++;
  while (!all->go) e2e_pause_ms(3);
  all->leader_has = has_terminal();
  all->done++;
  for (;;) pause();
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned number;
  int master = pty_open_master(&number);
  pid_t leader = fork();
  if (leader == 0) run_leader(number, master);
  for (int i = 0; i < 2000 && all->ready != 2; ++i) e2e_pause_ms(3);
  EXPECT_EQ(tcgetpgrp(master), all->ended_group);
  EXPECT(pty_poll(master, POLLIN, 0) & POLLHUP);
  e2e_ready_and_wait();

  EXPECT_EQ(tcgetsid(master), leader);
  EXPECT_EQ(tcgetpgrp(master), all->ended_group);
  EXPECT(pty_poll(master, POLLIN, 0) & POLLHUP);
  all->go = 1;
  for (int i = 0; i < 2000 && all->done != 2; ++i) e2e_pause_ms(3);
  EXPECT_EQ(all->leader_has, 1);
  EXPECT_EQ(all->member_has, -1);
  kill(leader, SIGKILL);
  return e2e_ok();
}
