// Job control: a background job was stopped as it read from the terminal (SIGTTIN), and reads what is
// typed when its shell brings it to the foreground.
#include <signal.h>
#include <sys/wait.h>

#include "tests/e2e/programs/pty.h"

struct shared {
  volatile int job, stopped, go, read_bytes, status;
  char line[64];
};
static struct shared* all;

static void run_job(int slave) {
  setpgid(0, 0);
  ssize_t n = read(slave, all->line, sizeof all->line - 1);
  all->read_bytes = (int)n;
  _exit(n > 0 ? 7 : 8);
}

static void run_shell(unsigned number) {
  setsid();
  int slave = pty_open_slave(number, O_RDWR), status;
  ioctl(slave, TIOCSCTTY, 0);
  signal(SIGTTOU, SIG_IGN);
  pid_t job = fork();
  if (job == 0) run_job(slave);
  setpgid(job, job);
  all->job = job;
  waitpid(job, &status, WUNTRACED);
  all->stopped = WIFSTOPPED(status) ? WSTOPSIG(status) : -1;
  while (!all->go) e2e_pause_ms(3);
  tcsetpgrp(slave, job);
  kill(-job, SIGCONT);
  waitpid(job, &status, 0);
  all->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  tcsetpgrp(slave, getpgrp());
  _exit(0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned number;
  int master = pty_open_master(&number), status;
  pid_t shell = fork();
  if (shell == 0) run_shell(number);
  for (int i = 0; i < 2000 && !all->stopped; ++i) e2e_pause_ms(3);
  EXPECT_EQ(all->stopped, SIGTTIN);
  pty_type(master, "typed before\n");
  e2e_ready_and_wait();

  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", all->job);
  static char text[8192];
  for (int i = 0; i < 500; ++i) {
    e2e_read_file(path, text, sizeof text);
    if (strstr(text, "State:\tT")) break;
    e2e_pause_ms(2);
  }
  EXPECT(strstr(text, "State:\tT") != NULL);
  EXPECT_EQ(all->read_bytes, 0);
  EXPECT_EQ(tcgetpgrp(master), shell);
  all->go = 1;
  EXPECT_EQ(waitpid(shell, &status, 0), shell);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(all->status, 7);
  EXPECT(strcmp(all->line, "typed before\n") == 0);
  return e2e_ok();
}
