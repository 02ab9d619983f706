// Settings of the process: dumpable, no_new_privs, parent-death signal, subreaper, timer slack,
// THP, keepcaps.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_PDEATHSIG, SIGURG, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_TIMERSLACK, 54321, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
  e2e_ready_and_wait();
  int value = 0;
  EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
  EXPECT_EQ(prctl(PR_GET_PDEATHSIG, &value, 0, 0, 0), 0);
  EXPECT_EQ(value, SIGURG);
  EXPECT_EQ(prctl(PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0), 0);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 54321);
  EXPECT_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
  EXPECT_EQ(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0), 1);
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
  return e2e_ok();
}
