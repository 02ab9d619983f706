// A child of vfork(2) that does not end.
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pid_t pid = vfork();
  if (pid == 0) {
    e2e_ready_and_wait();
    _exit(7);
  }
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  return e2e_ok();
}
