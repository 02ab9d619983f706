// Syscall user dispatch: calls outside the allowed range still raise SIGSYS.
#include "tests/e2e/programs/e2e.h"

enum { kSetDispatch = 59, kOn = 1, kOff = 0 };
static volatile char selector;  // 0 allows, 1 blocks.
static volatile int caught;

static void handler(int signal, siginfo_t* info, void* context) {
  (void)context;
  selector = 0;
  caught = signal == SIGSYS && info->si_syscall == SYS_getppid;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, NULL);
  if (prctl(kSetDispatch, kOn, 0, 0, &selector) != 0) e2e_skip("no syscall user dispatch here");
  e2e_ready_and_wait();
  selector = 1;
  long number = SYS_getppid;  // Not through the library: one call and nothing else may be caught.
  __asm__ volatile("syscall" : "+a"(number)::"rcx", "r11", "memory");
  EXPECT_EQ(caught, 1);
  EXPECT_EQ(selector, 0);
  EXPECT_EQ(prctl(kSetDispatch, kOff, 0, 0, 0), 0);
  return e2e_ok();
}
