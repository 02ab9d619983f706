// A perf event cannot be saved; the job must not notice the attempt.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  // struct perf_event_attr: a software clock of this process, user mode only.
  uint32_t attributes[32] = {1, sizeof attributes, 0 /* PERF_COUNT_SW_CPU_CLOCK */};
  attributes[10] = 0x60;  // exclude_kernel, exclude_hv
  long fd = syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0L);
  if (fd < 0) e2e_skip("no perf events here");
  e2e_ready_and_wait();
  uint64_t count = 0;
  EXPECT_EQ(read(fd, &count, 8), 8);
  EXPECT(count > 0);
  return e2e_ok();
}
