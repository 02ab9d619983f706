// All signal actions with their flags, masks and restorers.
#include "tests/e2e/programs/e2e.h"

struct kernel_action {
  uint64_t handler, flags, restorer, mask;
};

static volatile int ran;
static void handler(int signal) { ran = signal; }

static void get(int signal, struct kernel_action* action) {
  EXPECT_EQ(syscall(SYS_rt_sigaction, signal, NULL, action, 8), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct kernel_action before[65], now;
  struct sigaction base = {.sa_handler = handler};
  sigaction(SIGUSR1, &base, NULL);
  get(SIGUSR1, &before[0]);
  for (int s = 1; s <= 64; ++s) {
    if (s == SIGKILL || s == SIGSTOP || (s >= 32 && s < 35)) continue;
    struct kernel_action action = before[0];
    static const uint64_t flags[] = {SA_RESTART, SA_NODEFER, SA_SIGINFO | SA_ONSTACK, SA_RESETHAND,
                                     SA_NOCLDSTOP};
    action.flags |= flags[s % 5];
    action.mask = 0x9e3779b97f4a7c15u * s;
    if (s % 7 == 1 && s != SIGUSR1) action.handler = (uint64_t)SIG_IGN;
    if (s % 7 == 2) action.handler = (uint64_t)SIG_DFL;
    EXPECT_EQ(syscall(SYS_rt_sigaction, s, &action, NULL, 8), 0);
  }
  for (int s = 1; s <= 64; ++s) get(s, &before[s]);
  e2e_ready_and_wait();
  for (int s = 1; s <= 64; ++s) {
    get(s, &now);
    if (memcmp(&now, &before[s], sizeof now) != 0) e2e_fail("the action of signal %d changed", s);
  }
  EXPECT_EQ(raise(SIGUSR1), 0);
  EXPECT_EQ(ran, SIGUSR1);
  return e2e_ok();
}
