// A thread with undo values of semaphores of its own.
#include <sched.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include "tests/e2e/programs/e2e.h"

static char stack[65536] __attribute__((aligned(16)));
static int set;
static volatile int ready, done;

static int change(int by) {
  struct sembuf op = {.sem_num = 0, .sem_op = by, .sem_flg = SEM_UNDO};
  return semop(set, &op, 1);
}

static int apart(void* unused) {
  (void)unused;
  ready = change(2) == 0 ? 1 : -1;
  while (!done) usleep(1000);
  syscall(SYS_exit, 0);
  return 0;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  set = semget(IPC_PRIVATE, 1, 0600);
  EXPECT(set >= 0);
  EXPECT_EQ(change(1), 0);
  EXPECT(clone(apart, stack + sizeof stack,
               CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, NULL) > 0);
  while (ready == 0) e2e_pause_ms(1);
  EXPECT_EQ(ready, 1);
  e2e_ready_and_wait();
  done = 1;
  for (int i = 0; i < 5000 && semctl(set, 0, GETVAL) != 1; ++i) e2e_pause_ms(1);
  EXPECT_EQ(semctl(set, 0, GETVAL), 1);
  EXPECT_EQ(semctl(set, 0, IPC_RMID), 0);
  return e2e_ok();
}
