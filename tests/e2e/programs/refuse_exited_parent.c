// The main thread of a process that has children has exited.
#include <pthread.h>

#include "tests/e2e/programs/tree.h"

static void child_main(long unused) {
  (void)unused;
  tree_set_up_and_wait();
}

static pid_t child;

static void* goes_on(void* unused) {
  char path[64], state[4096] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", (int)getpid());
  do {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    EXPECT(read(fd, state, sizeof state - 1) > 0);
    close(fd);
  } while (strstr(state, ") Z") == NULL);
  tree_ready_and_wait(1);
  tree_reap(child);
  _exit(e2e_ok());
  return unused;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  child = tree_fork(child_main, 0);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, goes_on, NULL), 0);
  syscall(SYS_exit, 0);
}
