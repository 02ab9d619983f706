// All resource limits, soft and hard.
#include <sys/resource.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct rlimit before[16], now;
  for (int r = 0; r < 16; ++r) {
    EXPECT_EQ(getrlimit(r, &before[r]), 0);
    if (r == RLIMIT_CPU || r == RLIMIT_AS || r == RLIMIT_DATA || r == RLIMIT_NPROC ||
        r == RLIMIT_FSIZE)
      continue;
    before[r].rlim_max =
        before[r].rlim_max > 1000000000 ? (rlim_t)(1000000000 - r) : before[r].rlim_max;
    before[r].rlim_cur = before[r].rlim_max - before[r].rlim_max / 4;
    EXPECT_EQ(setrlimit(r, &before[r]), 0);
  }
  e2e_ready_and_wait();
  for (int r = 0; r < 16; ++r) {
    EXPECT_EQ(getrlimit(r, &now), 0);
    if (now.rlim_cur != before[r].rlim_cur || now.rlim_max != before[r].rlim_max)
      e2e_fail("limit %d is %llu:%llu, not %llu:%llu", r, (unsigned long long)now.rlim_cur,
               (unsigned long long)now.rlim_max, (unsigned long long)before[r].rlim_cur,
               (unsigned long long)before[r].rlim_max);
  }
  return e2e_ok();
}
