// What the programs of several processes share.  Whoever finds something wrong says so with EXPECT;
// the first such word counts.
#ifndef TESTS_E2E_PROGRAMS_TREE_H_
#define TESTS_E2E_PROGRAMS_TREE_H_

#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

static int tree_word[2];  // Children write a byte each when they are set up.

E2E_FN void tree_start(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(pipe2(tree_word, O_CLOEXEC), 0);
}

// In a child: it is as it wants to be found.
E2E_FN void tree_set_up(void) { EXPECT_EQ(write(tree_word[1], "x", 1), 1); }

// In the parent: so are `count` of its descendants.
E2E_FN void tree_await(int count) {
  char byte;
  for (int i = 0; i < count; ++i) EXPECT_EQ(read(tree_word[0], &byte, 1), 1);
}

E2E_FN void tree_ready_and_wait(int count) {
  tree_await(count);
  e2e_ready_and_wait();
}

E2E_FN void tree_set_up_and_wait(void) {
  tree_set_up();
  e2e_wait_go();
}

// A child that runs `body` and exits with 0 when that returns.
E2E_FN pid_t tree_fork(void (*body)(long), long argument) {
  pid_t pid = fork();
  EXPECT(pid >= 0);
  if (pid > 0) return pid;
  body(argument);
  _exit(0);
}

// The wait status of a child; ends if the child has said FAIL.
E2E_FN int tree_wait(pid_t pid) {
  int status = -1;
  pid_t ended;
  while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
  }
  EXPECT_EQ(ended, pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 1) _exit(1);
  return status;
}

E2E_FN void tree_reap(pid_t pid) { EXPECT_EQ(tree_wait(pid), 0); }

E2E_FN void tree_await_end(pid_t pid) {
  siginfo_t info;
  EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

// Memory that this process and the children made later have in common.
E2E_FN void* tree_memory(size_t bytes) {
  void* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  EXPECT(memory != MAP_FAILED);
  return memory;
}

#endif  // TESTS_E2E_PROGRAMS_TREE_H_
