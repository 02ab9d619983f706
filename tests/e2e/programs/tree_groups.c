// Process groups: led by a child, joined by others, whose leader has ended or is a zombie; signals to
// a group reach its members and no others.
#include "tests/e2e/programs/tree.h"

enum { kPlain, kLeader, kJoined, kLeft, kOfZombie, kPeople };

static struct {
  pid_t pid[kPeople];
  volatile int got[kPeople];
}* shared;
static volatile sig_atomic_t got;
static void on_signal(int signal) { got = signal; }

static void live(long who) {
  signal(SIGUSR1, on_signal);
  pid_t group = getpgrp();
  tree_set_up_and_wait();
  EXPECT_EQ(getpgrp(), group);
  for (int i = 0; i < 3000 && !got; ++i) e2e_pause_ms(1);
  EXPECT_EQ(got, SIGUSR1);
  shared->got[who] = 1;
  e2e_pause_ms(1);
}

static void end(long unused) { (void)unused; }

static void add(int who, pid_t group) {
  pid_t pid = fork();
  EXPECT(pid >= 0);
  if (pid == 0) {
    EXPECT_EQ(setpgid(0, group), 0);
    live(who);
    _exit(0);
  }
  setpgid(pid, group);  // Whoever comes first.
  shared->pid[who] = pid;
}

static void signal_group(pid_t group, const int* members) {
  EXPECT_EQ(kill(-group, SIGUSR1), 0);
  for (; *members >= 0; ++members) {
    tree_reap(shared->pid[*members]);
    EXPECT(shared->got[*members]);
  }
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  shared = tree_memory(4096);
  signal(SIGUSR1, SIG_IGN);
  pid_t own = getpgrp();
  // A leader that is gone, and one that is a zombie.
  pid_t gone = tree_fork(end, 0), zombie = tree_fork(end, 0);
  EXPECT_EQ(setpgid(gone, gone), 0);
  EXPECT_EQ(setpgid(zombie, zombie), 0);
  add(kPlain, own);
  add(kLeader, 0);
  add(kJoined, shared->pid[kLeader]);
  add(kLeft, gone);
  add(kOfZombie, zombie);
  tree_reap(gone);
  tree_await_end(zombie);
  tree_ready_and_wait(kPeople);
  EXPECT_EQ(getpgrp(), own);
  EXPECT_EQ(getpgid(shared->pid[kJoined]), shared->pid[kLeader]);
  EXPECT_EQ(getpgid(shared->pid[kLeft]), gone);
  EXPECT_EQ(getpgid(shared->pid[kOfZombie]), zombie);
  signal_group(gone, (const int[]){kLeft, -1});
  EXPECT(!shared->got[kPlain] && !shared->got[kLeader] && !shared->got[kOfZombie]);
  signal_group(shared->pid[kLeader], (const int[]){kLeader, kJoined, -1});
  signal_group(zombie, (const int[]){kOfZombie, -1});
  EXPECT(!shared->got[kPlain]);
  EXPECT_EQ(kill(shared->pid[kPlain], SIGUSR1), 0);
  tree_reap(shared->pid[kPlain]);
  tree_reap(zombie);
  EXPECT(kill(-gone, 0) == -1 && errno == ESRCH);
  return e2e_ok();
}
