// A process that made itself undumpable stays so.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
  return e2e_ok();
}
