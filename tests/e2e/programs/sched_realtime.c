// Real-time policy and priority, and reset-on-fork.
#include <sched.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct sched_param param = {.sched_priority = 11};
  int policy = SCHED_RR | 0x40000000;  // SCHED_RESET_ON_FORK
  if (syscall(SYS_sched_setscheduler, 0, policy, &param) != 0)
    e2e_skip("not allowed to run with a real-time policy");
  e2e_ready_and_wait();
  EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), policy);
  param.sched_priority = 0;
  EXPECT_EQ(syscall(SYS_sched_getparam, 0, &param), 0);
  EXPECT_EQ(param.sched_priority, 11);
  return e2e_ok();
}
