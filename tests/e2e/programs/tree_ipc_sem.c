// Semaphores of several processes: each has undo values of its own, one waits, and the kernel knows who
// was last.
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

enum { kSemaphores = 5, kGo = 3, kWaited = 4 };
static int set;

static int change(int number, int by, int flags) {
  struct sembuf op = {.sem_num = number, .sem_op = by, .sem_flg = flags};
  return semop(set, &op, 1);
}

static void* idle(void* unused) {
  for (;;) pause();
  return unused;
}

// Takes 3 of the first semaphore and gives 2 to the second.
static void taker(void) {
  pthread_t thread;
  if (change(0, -3, SEM_UNDO) != 0 || change(1, 2, SEM_UNDO) != 0) _exit(1);
  if (pthread_create(&thread, NULL, idle, NULL) != 0) _exit(2);
  _exit(change(kGo, -1, 0) != 0);
}

// Takes 10 of the first, and is the last to touch the third.
static void other(void) {
  if (change(0, -10, SEM_UNDO) != 0 || change(2, 1, 0) != 0) _exit(1);
  _exit(change(kGo, -1, 0) != 0);
}

// Waits in a call with undo.
static void waiter(void) {
  if (change(kWaited, -1, SEM_UNDO) != 0) _exit(1);
  if (semctl(set, kWaited, GETVAL) != 0) _exit(2);
  _exit(0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  set = semget(IPC_PRIVATE, kSemaphores, 0600);
  EXPECT(set >= 0);
  unsigned short start[kSemaphores] = {20, 0, 7, 0, 0};
  EXPECT_EQ(semctl(set, 0, SETALL, start), 0);
  EXPECT_EQ(change(0, -1, SEM_UNDO), 0);
  pid_t children[3];
  void (*bodies[3])(void) = {taker, other, waiter};
  for (int i = 0; i < 3; ++i)
    if ((children[i] = fork()) == 0) bodies[i]();
  while (semctl(set, 0, GETVAL) != 6 || semctl(set, 1, GETVAL) != 2 ||
         semctl(set, 2, GETVAL) != 8 || semctl(set, kGo, GETNCNT) != 2 ||
         semctl(set, kWaited, GETNCNT) != 1)
    e2e_pause_ms(1);
  int last = semctl(set, 0, GETPID);
  e2e_ready_and_wait();
  EXPECT_EQ(semctl(set, 0, GETVAL), 6);
  EXPECT_EQ(semctl(set, 1, GETVAL), 2);
  EXPECT_EQ(semctl(set, 2, GETVAL), 8);
  EXPECT_EQ(semctl(set, 0, GETPID), last);
  EXPECT_EQ(semctl(set, 1, GETPID), children[0]);
  EXPECT_EQ(semctl(set, 2, GETPID), children[1]);
  int status = -1;
  EXPECT_EQ(change(kWaited, 1, 0), 0);
  EXPECT_EQ(waitpid(children[2], &status, 0), children[2]);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(semctl(set, kWaited, GETVAL), 1);  // Undone.
  EXPECT_EQ(change(kGo, 2, 0), 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(waitpid(children[i], &status, 0), children[i]);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(semctl(set, 0, GETVAL), 19);
  EXPECT_EQ(semctl(set, 1, GETVAL), 0);
  EXPECT_EQ(semctl(set, 2, GETVAL), 8);
  EXPECT_EQ(syscall(SYS_unshare, 0x00040000 /* CLONE_SYSVSEM */), 0);
  EXPECT_EQ(semctl(set, 0, GETVAL), 20);
  EXPECT_EQ(semctl(set, 0, IPC_RMID), 0);
  return e2e_ok();
}
