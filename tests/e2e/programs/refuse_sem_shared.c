// A semaphore that a process outside of the job changed last.
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

static int set;
static int change(int number, int by) {
  struct sembuf op = {.sem_num = number, .sem_op = by};
  return semop(set, &op, 1);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  set = semget(IPC_PRIVATE, 3, 0600);
  EXPECT(set >= 0);
  pid_t between = fork();
  if (between == 0) {
    if (fork() != 0) _exit(0);
    change(0, 1);
    change(1, -1);  // Until the end.
    _exit(0);
  }
  EXPECT_EQ(waitpid(between, NULL, 0), between);
  while (semctl(set, 1, GETNCNT) != 1) e2e_pause_ms(1);
  EXPECT_EQ(change(2, 5), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(semctl(set, 0, GETVAL), 1);
  EXPECT_EQ(semctl(set, 2, GETVAL), 5);
  EXPECT_EQ(semctl(set, 0, IPC_RMID), 0);
  return e2e_ok();
}
