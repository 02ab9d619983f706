// clock_nanosleep with TIMER_ABSTIME ends at the moment named, or at once if that has passed.
#include "tests/e2e/programs/timed_call.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  long long begin = until.tv_sec * 1000LL + until.tv_nsec / 1000000;
  until.tv_nsec += CALL_MS % 1000 * 1000000;
  until.tv_sec += CALL_MS / 1000 + until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  e2e_ready();
  EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
  long long took = e2e_now_ms() - begin, starved = e2e_starved_ms(), dead_min, dead_max;
  e2e_wait_go();
  e2e_dead_ms(&dead_min, &dead_max);
  EXPECT_BETWEEN(took, CALL_MS, CALL_MS + dead_max + SLACK_MS + starved);
  return e2e_ok();
}
