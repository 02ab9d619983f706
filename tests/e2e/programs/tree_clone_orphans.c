// What processes share they share also where they lost who made them: in a session whose leader has
// ended, and as children that a subreaper inherited.
#include "tests/e2e/programs/clone.h"

static pid_t* pids;

static void member(long number) {
  pids[number] = getpid();
  clone_set_up_and_wait();
}

// Ends; its children go to the root.
static void leader(long first) {
  EXPECT(setsid() > 0);
  clone_fork(CLONE_FILES | CLONE_FS, member, first);
  clone_fork(CLONE_FILES | CLONE_FS, member, first + 1);
}

static void lives_on(long first) {
  EXPECT(setsid() > 0);
  // Makes a child that makes another, and ends.
  if (clone_fork(CLONE_FS, leader, first) > 0) EXPECT(wait(NULL) > 0);
  clone_set_up_and_wait();
}

int main(int argc, char** argv) {
  clone_start(argc, argv);
  pids = tree_memory(4096);
  EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  pid_t ended = clone_fork(CLONE_FILES, leader, 0);
  EXPECT_EQ(waitpid(ended, NULL, 0), ended);
  pid_t last = clone_fork(0, lives_on, 2);
  tree_ready_and_wait(5);
  EXPECT(clone_same(getpid(), pids[0], KCMP_FILES));
  EXPECT(clone_same(pids[0], pids[1], KCMP_FILES));
  EXPECT(clone_same(pids[0], pids[1], KCMP_FS));
  EXPECT(!clone_same(getpid(), pids[0], KCMP_FS));
  EXPECT(clone_same(pids[2], pids[3], KCMP_FILES));
  EXPECT(clone_same(pids[2], last, KCMP_FS));
  EXPECT(!clone_same(pids[2], last, KCMP_FILES));
  *clone_looked = 1;
  for (int i = 0; i < 5; ++i) {
    int status = -1;
    EXPECT(wait(&status) > 0);
    EXPECT_EQ(status, 0);
  }
  return e2e_ok();
}
