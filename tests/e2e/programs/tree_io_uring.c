// A process and its child with an io_uring instance each and much memory in common, and one that both have: the child
// goes on with all of it.
#include <sys/wait.h>

#include "tests/e2e/programs/io_uring.h"

enum { kBytes = 8 << 20 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* memory = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  e2e_fill(memory, kBytes, 1);
  for (size_t at = 1 << 20; at < kBytes; at += 1 << 20) munmap(memory + at, 4096 * (at >> 20));
  struct uring common, own;
  int pipes[2], status = 0;
  EXPECT_EQ(pipe(pipes), 0);
  uring_make(&common, 8, 0);
  uring_nothings(&common, 1, 21);
  pid_t child = fork();
  uring_make(&own, 16, 0);
  uring_nothings(&own, 1, child == 0 ? 5 : 50);
  if (child == 0) {
    EXPECT_EQ(write(pipes[1], "r", 1), 1);
    e2e_wait_go();
    uring_nothings(&own, 1, 100);
    uring_nothings(&common, 1, 100);
    e2e_check_fill(memory, 1 << 20, 1);
    _exit(0);
  }
  char byte;
  EXPECT_EQ(read(pipes[0], &byte, 1), 1);
  e2e_ready_and_wait();
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  uring_nothings(&own, 1, 100);
  common.tail += 100;
  uring_nothings(&common, 1, 100);
  e2e_check_fill(memory, 1 << 20, 1);
  return e2e_ok();
}
