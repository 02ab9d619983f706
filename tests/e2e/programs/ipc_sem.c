// System V semaphores: values, who changed them last, and what is undone when the process ends.
#include <sys/ipc.h>
#include <sys/sem.h>

#include "tests/e2e/programs/e2e.h"

enum { kCount = 6 };
static const int kValues[kCount] = {2, 5, 0, 32767, 100, 7};
static const int kAfterUndo[kCount] = {5, 1, 32767, 0, 100, 6};

static int change(int set, int number, int by, int flags) {
  struct sembuf op = {.sem_num = number, .sem_op = by, .sem_flg = flags | IPC_NOWAIT};
  return semop(set, &op, 1);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  key_t key = (key_t)(0x52000000 | (e2e_unique() & 0xffffff));
  int set = semget(key, kCount, IPC_CREAT | IPC_EXCL | 0640);
  EXPECT(set >= 0);
  unsigned short start[kCount] = {5, 1, 32767, 0, 100, 6};
  EXPECT_EQ(semctl(set, 0, SETALL, start), 0);
  EXPECT_EQ(change(set, 0, -3, SEM_UNDO), 0);
  EXPECT_EQ(change(set, 1, 4, SEM_UNDO), 0);
  EXPECT_EQ(change(set, 2, -32767, SEM_UNDO), 0);
  EXPECT_EQ(change(set, 3, 32767, SEM_UNDO), 0);
  EXPECT_EQ(change(set, 4, 9, SEM_UNDO), 0);
  EXPECT_EQ(change(set, 4, -9, SEM_UNDO), 0);
  EXPECT_EQ(change(set, 5, 1, SEM_UNDO), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(semget(key, 0, 0), set);
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(semctl(set, i, GETVAL), kValues[i]);
    EXPECT_EQ(semctl(set, i, GETPID), getpid());
  }
  struct semid_ds status;
  EXPECT_EQ(semctl(set, 0, IPC_STAT, &status), 0);
  EXPECT_EQ(status.sem_perm.mode & 0777, 0640);
  // unshare(2) gives up the list, and so undoes it.
  if (syscall(SYS_unshare, 0x00040000 /* CLONE_SYSVSEM */) != 0) e2e_fail("unshare: %d", errno);
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(semctl(set, i, GETVAL), kAfterUndo[i]);
  EXPECT_EQ(semctl(set, 0, IPC_RMID), 0);
  return e2e_ok();
}
