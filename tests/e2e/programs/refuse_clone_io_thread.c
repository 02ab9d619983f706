// A thread that shares its I/O context with the process's main thread.
#include "tests/e2e/programs/clone.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int done;

static int sharer(void* unused) {
  (void)unused;
  while (!done) usleep(1000);
  syscall(SYS_exit, 0);
  return 0;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5) != 0) e2e_skip("no I/O priorities here");
  EXPECT(clone(sharer, stack + sizeof stack,
               CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                   CLONE_IO,
               NULL) > 0);
  e2e_ready_and_wait();
  done = 1;
  return e2e_ok();
}
