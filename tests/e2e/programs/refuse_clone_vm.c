// Memory that a process outside of the job has as well.
#include "tests/e2e/programs/clone.h"

static int outsider(void* unused) {
  (void)unused;
  tree_set_up();
  for (int i = 0; i < 6000 && !e2e_go_exists(); ++i) e2e_pause_ms(10);
  clone_vm_exit(0);
  return 0;
}

static int between(void* unused) {
  (void)unused;
  EXPECT(setsid() > 0);  // Else it would be an orphan of the job's.
  clone_vm(SIGCHLD, outsider, 0);
  clone_vm_exit(0);
  return 0;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t pid = clone_vm(SIGCHLD, between, 0);
  tree_reap(pid);
  tree_ready_and_wait(1);
  return e2e_ok();
}
