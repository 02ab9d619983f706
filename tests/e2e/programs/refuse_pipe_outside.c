// A pipe whose other end is a process's that is not saved.
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  pid_t between = fork();
  if (between == 0) {
    if (fork() != 0) _exit(0);
    while (!e2e_go_exists()) e2e_pause_ms(3);
    _exit(write(ends[1], "x", 1) != 1);
  }
  EXPECT_EQ(waitpid(between, NULL, 0), between);
  close(ends[1]);
  e2e_ready_and_wait();
  char byte;
  EXPECT_EQ(read(ends[0], &byte, 1), 1);
  return e2e_ok();
}
