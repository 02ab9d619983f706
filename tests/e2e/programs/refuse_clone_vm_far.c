// Memory shared with a grandchild: the child between them has called exec since.
#include "tests/e2e/programs/clone.h"

static volatile int is_over;

static int grandchild(void* unused) {
  (void)unused;
  tree_set_up();
  while (!is_over) e2e_pause_ms(1);
  clone_vm_exit(0);
  return 0;
}

static int child(void* unused) {
  (void)unused;
  clone_vm(SIGCHLD, grandchild, 0);
  execl("/bin/sleep", "sleep", "1000", NULL);
  clone_vm_exit(9);
  return 0;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t pid = clone_vm(SIGCHLD, child, 0);
  tree_ready_and_wait(1);
  is_over = 1;
  EXPECT_EQ(kill(pid, SIGKILL), 0);
  tree_wait(pid);
  return e2e_ok();
}
