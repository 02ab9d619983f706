// A child that shares its parent's memory.
#include "tests/e2e/programs/clone.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int done;

static int sharer(void* unused) {
  (void)unused;
  while (!done) syscall(SYS_sched_yield), usleep(1000);
  syscall(SYS_exit_group, 0);
  return 0;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pid_t pid = clone(sharer, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
  EXPECT(pid > 0);
  e2e_ready_and_wait();
  done = 1;
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  return e2e_ok();
}
