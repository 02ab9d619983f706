// A terminal and who sits at it: the parent has the master, the child leads the slave's session, two
// grandchildren are a foreground and a background job of it.  ^C reaches the foreground job alone, and
// hanging up everybody.
#include <signal.h>
#include <sys/wait.h>

#include "tests/e2e/programs/pty.h"

static volatile sig_atomic_t last_signal;
static void on_signal(int signal) { last_signal = signal; }

struct shared {
  volatile int ready, shell, foreground, background, interrupted[3], hung_up[3];
};
static struct shared* all;

static void run_job(int who) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  __atomic_fetch_add(&all->ready, 1, __ATOMIC_SEQ_CST);
  for (;;) {
    e2e_pause_ms(2);
    if (last_signal == SIGINT) all->interrupted[who]++;
    if (last_signal == SIGHUP) {
      all->hung_up[who]++;
      _exit(0);
    }
    last_signal = 0;
    if (getppid() == 1) _exit(1);
  }
}

static void run_shell(unsigned number, int master) {
  close(master);
  EXPECT(setsid() > 0);
  int slave = pty_open_slave(number, O_RDWR);
  EXPECT_EQ(ioctl(slave, TIOCSCTTY, 0), 0);
  signal(SIGTTOU, SIG_IGN);
  for (int who = 1; who <= 2; ++who) {
    pid_t job = fork();
    if (job == 0) {
      setpgid(0, 0);
      run_job(who);
    }
    setpgid(job, job);
    *(who == 1 ? &all->foreground : &all->background) = job;
  }
  EXPECT_EQ(tcsetpgrp(slave, all->foreground), 0);
  all->shell = getpid();
  run_job(0);
}

static void await(volatile int* value, int wanted) {
  for (int i = 0; i < 2000 && *value != wanted; ++i) e2e_pause_ms(3);
  EXPECT_EQ(*value, wanted);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned number;
  int master = pty_open_master(&number);
  pid_t shell = fork();
  if (shell == 0) run_shell(number, master);
  await(&all->ready, 3);
  e2e_ready_and_wait();

  EXPECT_EQ(tcgetsid(master), shell);
  EXPECT_EQ(tcgetpgrp(master), all->foreground);
  EXPECT_EQ(all->interrupted[0] + all->interrupted[1] + all->interrupted[2], 0);
  EXPECT_EQ(all->hung_up[0] + all->hung_up[1] + all->hung_up[2], 0);
  pty_type(master, "\x03");
  await(&all->interrupted[1], 1);
  e2e_pause_ms(50);
  EXPECT_EQ(all->interrupted[0], 0);
  EXPECT_EQ(all->interrupted[2], 0);
  close(master);
  await(&all->hung_up[0], 1);
  await(&all->hung_up[1], 1);
  int status;
  EXPECT_EQ(waitpid(shell, &status, 0), shell);
  EXPECT_EQ(all->hung_up[2], 0);
  kill(all->background, SIGKILL);
  return e2e_ok();
}
