// An alarm that is due while the program is dead or soon after goes off once.
#include "tests/e2e/programs/e2e.h"

static volatile int fired;
static void handler(int signal) { fired += signal == SIGALRM; }

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGALRM, &action, NULL);
  alarm(1);
  e2e_ready_and_wait();
  for (int i = 0; i < 500 && !fired; ++i) e2e_pause_ms(10);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(alarm(0), 0);
  return e2e_ok();
}
