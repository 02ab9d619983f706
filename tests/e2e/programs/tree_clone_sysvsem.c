// Processes with one list of undo values of semaphores (CLONE_SYSVSEM): they are undone when the
// last of them ends.
#include <sys/ipc.h>
#include <sys/sem.h>

#include "tests/e2e/programs/clone.h"

static int set;

static void change(int number, int by) {
  struct sembuf op = {.sem_num = number, .sem_op = by, .sem_flg = SEM_UNDO};
  EXPECT_EQ(semop(set, &op, 1), 0);
}

static void sharer(long unused) {
  (void)unused;
  change(0, -3);
  change(1, 4);
  clone_set_up_and_wait();
  change(0, -1);
}

static void alone(long unused) {
  (void)unused;
  change(0, -2);
  clone_set_up_and_wait();
}

// Has a list, in which there is nothing, with a child.
static void empty(long unused) {
  (void)unused;
  pid_t child = clone_fork(CLONE_SYSVSEM, alone, 0);
  tree_set_up_and_wait();
  EXPECT(clone_same(getpid(), child, KCMP_SYSVSEM));
  clone_looked[1] = 1;
  tree_reap(child);
  EXPECT(semctl(set, 0, GETVAL) <= 14);  // Not undone yet.
}

int main(int argc, char** argv) {
  clone_start(argc, argv);
  set = semget(IPC_PRIVATE, 2, 0600);
  EXPECT(set >= 0);
  unsigned short start[2] = {20, 0};
  EXPECT_EQ(semctl(set, 0, SETALL, start), 0);
  change(0, -1);
  pid_t children[2] = {clone_fork(CLONE_SYSVSEM, sharer, 0), tree_fork(empty, 0)};
  tree_await(3);
  EXPECT_EQ(semctl(set, 0, GETVAL), 14);
  e2e_ready();
  e2e_wait_go();
  EXPECT(clone_same(getpid(), children[0], KCMP_SYSVSEM));
  EXPECT(!clone_same(getpid(), children[1], KCMP_SYSVSEM));
  while (!clone_looked[1]) e2e_pause_ms(1);
  *clone_looked = 1;
  tree_reap(children[0]);
  tree_reap(children[1]);
  EXPECT_EQ(semctl(set, 0, GETVAL), 15);
  EXPECT_EQ(semctl(set, 1, GETVAL), 4);
  EXPECT_EQ(unshare(CLONE_SYSVSEM), 0);
  EXPECT_EQ(semctl(set, 0, GETVAL), 20);
  EXPECT_EQ(semctl(set, 1, GETVAL), 0);
  EXPECT_EQ(semctl(set, 0, IPC_RMID), 0);
  return e2e_ok();
}
