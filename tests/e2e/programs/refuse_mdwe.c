// A process that has forbidden itself memory that is writable and executable.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0) != 0) e2e_skip("no PR_SET_MDWE before Linux 6.3");
  e2e_ready_and_wait();
  EXPECT_EQ(prctl(66 /* PR_GET_MDWE */, 0, 0, 0, 0), 1);
  return e2e_ok();
}
