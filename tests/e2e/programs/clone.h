// For programs whose processes share more than fork(2) leaves them.
#ifndef TESTS_E2E_PROGRAMS_CLONE_H_
#define TESTS_E2E_PROGRAMS_CLONE_H_

#include <sched.h>

#include "tests/e2e/programs/tree.h"

// linux/kcmp.h, which not every C library comes with.
enum { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM };

#ifndef CLONE_IO
#define CLONE_IO 0x80000000
#endif

// Children go on being what they are until they have been looked at.
static volatile int* clone_looked;

E2E_FN void clone_start(int argc, char** argv) {
  tree_start(argc, argv);
  clone_looked = tree_memory(4096);
}

E2E_FN void clone_set_up_and_wait(void) {
  tree_set_up_and_wait();
  while (!*clone_looked) e2e_pause_ms(1);
}

// As tree_fork(); `flags` of clone(2) say what the child shares, which must not be memory.
E2E_FN pid_t clone_fork(unsigned long flags, void (*body)(long), long argument) {
  pid_t pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  EXPECT(pid >= 0);
  if (pid > 0) return pid;
  body(argument);
  _exit(0);
}

// A process, or with CLONE_THREAD a thread, that runs `body` in this memory, and with this thread's
// thread-local storage: so both sides do little, one after the other.
E2E_FN pid_t clone_vm(unsigned long flags, int (*body)(void*), long argument) {
  enum { kStackBytes = 256 << 10 };
  char* stack = mmap(NULL, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(stack != MAP_FAILED);
  pid_t pid = clone(body, stack + kStackBytes, CLONE_VM | flags, (void*)argument);
  EXPECT(pid > 0);
  return pid;
}

// The end of such a process, which leaves everything in memory as it is.
E2E_FN void clone_vm_exit(int status) { syscall(SYS_exit_group, status); }

// Whether they share what KCMP_* says; what both lack they share.
E2E_FN int clone_same(pid_t a, pid_t b, int type) {
  long order = syscall(SYS_kcmp, a, b, type, 0, 0);
  EXPECT(order >= 0);
  return order == 0;
}

#endif  // TESTS_E2E_PROGRAMS_CLONE_H_
