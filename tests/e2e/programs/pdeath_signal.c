// A parent-death signal is not sent by the end of the one who restores.
#include "tests/e2e/programs/e2e.h"

static volatile sig_atomic_t parents_died;
static void on_signal(int signal) {
  (void)signal;
  parents_died = 1;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  EXPECT_EQ(sigaction(SIGUSR2, &action, NULL), 0);
  EXPECT_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0), 0);
  e2e_ready_and_wait();
  e2e_pause_ms(50);
  EXPECT_EQ(parents_died, 0);
  int value = 0;
  EXPECT_EQ(prctl(PR_GET_PDEATHSIG, &value, 0, 0, 0), 0);
  EXPECT_EQ(value, SIGUSR2);
  return e2e_ok();
}
