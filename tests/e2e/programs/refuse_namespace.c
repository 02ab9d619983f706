// A process in a namespace of its own.
#include <sched.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (unshare(CLONE_NEWUTS) != 0) e2e_skip("only root makes namespaces");
  e2e_ready_and_wait();
  EXPECT_EQ(sethostname("apart", 5), 0);
  return e2e_ok();
}
