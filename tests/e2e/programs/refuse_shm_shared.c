// A segment that somebody else has attached as well cannot be the job's alone.
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  volatile int* memory = shmat(id, NULL, 0);
  EXPECT(memory != (void*)-1);
  EXPECT_EQ(shmctl(id, IPC_RMID, NULL), 0);
  pid_t between = fork();
  if (between == 0) {  // Its child is nobody's descendant when it has exited.
    if (fork() != 0) _exit(0);
    memory[0] = 1;
    while (memory[1] == 0 && memory[2]++ < 20000) e2e_pause_ms(3);
    memory[0] = 2;
    _exit(0);
  }
  EXPECT_EQ(waitpid(between, NULL, 0), between);
  while (memory[0] != 1) e2e_pause_ms(1);
  e2e_ready_and_wait();
  memory[1] = 1;
  while (memory[0] != 2) e2e_pause_ms(1);
  return e2e_ok();
}
