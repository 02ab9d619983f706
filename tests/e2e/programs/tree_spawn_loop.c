// A tree in which somebody is between posix_spawn(3)'s CLONE_VM and exec nearly always, but never for
// long, while others share memory for good.
#include <spawn.h>

#include "tests/e2e/programs/clone.h"

extern char** environ;

static volatile int is_over;

static int sharer(void* unused) {
  (void)unused;
  tree_set_up();
  while (!is_over) e2e_pause_ms(1);
  clone_vm_exit(0);
  return 0;
}

static void spawn_all_the_time(long maker) {
  tree_set_up();
  for (long round = 0; !e2e_go_exists() || round < 3; ++round) {
    char* arguments[] = {(char*)"true", NULL};
    pid_t child = -1;
    EXPECT_EQ(posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ), 0);
    EXPECT_EQ(WEXITSTATUS(tree_wait(child)), 0);
  }
  (void)maker;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t sharing = clone_vm(SIGCHLD, sharer, 0);
  tree_await(1);
  pid_t maker = tree_fork(spawn_all_the_time, 0);
  tree_ready_and_wait(1);
  EXPECT(clone_same(getpid(), sharing, KCMP_VM));
  is_over = 1;
  tree_reap(sharing);
  tree_reap(maker);
  return e2e_ok();
}
