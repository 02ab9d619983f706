// Sessions: a child that leads its own, a child that its parent left behind in the old one, and
// members of a session whose leader has ended.
#include "tests/e2e/programs/tree.h"

static pid_t root, root_session;
static pid_t* shared;

static void check(pid_t session, pid_t group, pid_t parent) {
  EXPECT_EQ(getsid(0), session);
  EXPECT_EQ(getpgrp(), group);
  EXPECT_EQ(getppid(), parent);
}

static void stay(long expected_session) {
  pid_t group = getpgrp(), parent = getppid();
  tree_set_up_and_wait();
  check(expected_session, group, parent);
}

// Makes a child, then leaves for a session of its own, where it makes another.
static void lead(long unused) {
  (void)unused;
  pid_t old = tree_fork(stay, root_session);
  EXPECT_EQ(setsid(), getpid());
  pid_t fresh = tree_fork(stay, getpid());
  tree_set_up_and_wait();
  check(getpid(), getpid(), root);
  EXPECT_EQ(getsid(old), root_session);
  EXPECT_EQ(getsid(fresh), getpid());
  EXPECT(setsid() == -1 && errno == EPERM);
  tree_reap(old);
  tree_reap(fresh);
}

static void outlive(long number) {
  // When the leader is reaped, this process is the root's child.
  while (getppid() != root) e2e_pause_ms(1);
  if (number == 1) EXPECT_EQ(setpgid(0, 0), 0);
  pid_t session = getsid(0), group = getpgrp();
  EXPECT(session != root_session && session != getpid());
  shared[number] = getpid();
  tree_set_up_and_wait();
  check(session, group, root);
}

// Leads a session and ends before its members do.
static void lead_and_end(long unused) {
  (void)unused;
  EXPECT(setsid() > 0);
  tree_fork(outlive, 0);
  tree_fork(outlive, 1);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  shared = tree_memory(4096);
  root = getpid();
  root_session = getsid(0);
  EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  pid_t leader = tree_fork(lead, 0);
  tree_reap(tree_fork(lead_and_end, 0));
  tree_ready_and_wait(5);
  EXPECT_EQ(getsid(leader), leader);
  EXPECT_EQ(getsid(shared[0]), getsid(shared[1]));
  tree_reap(leader);
  tree_reap(shared[0]);
  tree_reap(shared[1]);
  return e2e_ok();
}
