// wait4 waits for the child.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/e2e/programs/timed_call.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // The harness knows the parent only.
    e2e_wait_go();
    _exit(42);
  }
  e2e_ready();
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  return e2e_ok();
}
