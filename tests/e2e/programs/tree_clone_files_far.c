// Who shares a descriptor table need not be who made it: a grandchild shares with the root,
// siblings with each other, and who passed it on has a table of its own again.  More than one group
// at a time.
#include "tests/e2e/programs/clone.h"

enum { kMark = 50, kGroups = 3, kSharers = 6 };

static struct {
  int marked[kGroups];
  pid_t grandchild;
} * all;

static void mark(int group) {
  char name[16];
  snprintf(name, sizeof name, "group%d", group);
  int fd = open(e2e_file(name), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(dup2(fd, kMark + group), kMark + group);
  close(fd);
}

// Sees the mark of its group only, and what another member of the group opens.
static void meet(long group) {
  for (int i = 0; i < kGroups; ++i) EXPECT_EQ(fcntl(kMark + i, F_GETFD) == 0, i == group);
  if (__atomic_add_fetch(&all->marked[group], 1, __ATOMIC_ACQ_REL) == 1) {
    EXPECT_EQ(dup2(kMark + group, 90), 90);
    __atomic_add_fetch(&all->marked[group], 100, __ATOMIC_ACQ_REL);
  }
  while (__atomic_load_n(&all->marked[group], __ATOMIC_ACQUIRE) < 100) e2e_pause_ms(1);
  EXPECT_EQ(fcntl(90, F_GETFD), 0);
  while (__atomic_load_n(&all->marked[group], __ATOMIC_ACQUIRE) < 102) e2e_pause_ms(1);
}

static void member(long group) {
  tree_set_up_and_wait();
  meet(group);
}

static void no_group(void) {
  for (int i = 0; i < kGroups; ++i) close(kMark + i);
}

// Born with the root's table, passes it on, gives it up, and has a group of its own with a child.
static void between(long unused) {
  (void)unused;
  all->grandchild = clone_fork(CLONE_FILES, member, 0);
  EXPECT_EQ(unshare(CLONE_FILES), 0);
  no_group();
  mark(1);
  clone_fork(CLONE_FILES, member, 1);
  member(1);
  for (int i = 0; i < 2; ++i) {
    int status = -1;
    EXPECT(wait(&status) > 0);
    EXPECT_EQ(status, 0);
  }
}

// Its children share with each other.
static void parent_apart(long unused) {
  (void)unused;
  no_group();
  mark(2);
  pid_t children[2] = {clone_fork(CLONE_FILES, member, 2), clone_fork(CLONE_FILES, member, 2)};
  EXPECT_EQ(unshare(CLONE_FILES), 0);
  no_group();
  tree_set_up_and_wait();
  for (int i = 0; i < kGroups; ++i) EXPECT_EQ(fcntl(kMark + i, F_GETFD), -1);
  tree_reap(children[0]);
  tree_reap(children[1]);
  EXPECT_EQ(fcntl(90, F_GETFD), -1);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  all = tree_memory(4096);
  mark(0);
  pid_t children[2] = {clone_fork(CLONE_FILES, between, 0), tree_fork(parent_apart, 0)};
  tree_ready_and_wait(kSharers);
  EXPECT(clone_same(getpid(), all->grandchild, KCMP_FILES));
  EXPECT(!clone_same(getpid(), children[0], KCMP_FILES));
  meet(0);
  tree_reap(children[0]);
  tree_reap(children[1]);
  return e2e_ok();
}
