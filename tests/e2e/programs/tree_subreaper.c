// A subreaper keeps those it has adopted, and adopts those that lose their parents later; one is in
// the middle of the tree.
#include "tests/e2e/programs/tree.h"

static volatile pid_t* shared;

static void orphan(long slot) {
  pid_t subreaper = shared[0];
  if (slot > 1) subreaper = shared[1];
  while (getppid() != subreaper) e2e_pause_ms(1);
  shared[2 + slot] = getpid();
  tree_set_up_and_wait();
  EXPECT_EQ(getppid(), subreaper);
}

static void make_orphan(long slot) { tree_fork(orphan, slot); }

static void late_orphan(long slot) {
  pid_t parent = getppid();
  shared[2 + slot] = getpid();
  tree_set_up_and_wait();
  while (getppid() == parent) e2e_pause_ms(1);
  EXPECT_EQ(getppid(), slot > 3 ? shared[1] : shared[0]);
}

// Its child loses it after the go.
static void make_late_orphan(long slot) {
  tree_fork(late_orphan, slot);
  tree_set_up_and_wait();
}

static void adopt(long slot) {
  pid_t maker = tree_fork(make_late_orphan, slot);
  tree_reap(tree_fork(make_orphan, slot - 2));
  tree_set_up_and_wait();
  int is_subreaper = 0;
  EXPECT_EQ(prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper), 0);
  EXPECT_EQ(is_subreaper, 1);
  tree_reap(maker);
  tree_reap(shared[2 + slot - 2]);
  tree_reap(shared[2 + slot]);
}

static void adopt_in_the_middle(long unused) {
  (void)unused;
  shared[1] = getpid();
  EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  adopt(4);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  shared = tree_memory(4096);
  shared[0] = getpid();
  EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  pid_t middle = tree_fork(adopt_in_the_middle, 0);
  pid_t maker = tree_fork(make_late_orphan, 3);
  tree_reap(tree_fork(make_orphan, 1));
  tree_ready_and_wait(1 + 2 + 1 + 2 + 1);
  tree_reap(maker);
  tree_reap(shared[2 + 1]);
  tree_reap(shared[2 + 3]);
  tree_reap(middle);
  EXPECT(wait(NULL) == -1 && errno == ECHILD);
  return e2e_ok();
}
