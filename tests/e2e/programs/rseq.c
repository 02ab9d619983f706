// The rseq area stays registered: the kernel writes the processor's number into it.
#include <sched.h>

#include "tests/e2e/programs/e2e.h"

extern const ptrdiff_t __rseq_offset __attribute__((weak));
static struct {
  uint32_t cpu_id_start, cpu_id;
  uint64_t rseq_cs;
  uint32_t flags, padding[3];
} own __attribute__((aligned(32)));

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  volatile uint32_t* area = (volatile uint32_t*)&own;
  if (syscall(SYS_rseq, &own, 32, 0, 0x53053053) != 0) {
    if (!&__rseq_offset) e2e_skip("rseq is registered where this program cannot find it");
    area = (volatile uint32_t*)((char*)__builtin_thread_pointer() + __rseq_offset);
  }
  cpu_set_t allowed;
  EXPECT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  e2e_ready_and_wait();
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    area[1] = 0x7fffffff;
    e2e_pause_ms(2);  // The kernel writes the field when the thread was scheduled.
    EXPECT_EQ(area[1], cpu);
  }
  // A second registration is refused, because there is one already.
  EXPECT_EQ(syscall(SYS_rseq, area, 32, 0, 0x53053053), -1);
  EXPECT(errno == EBUSY || errno == EINVAL || errno == EPERM);
  return e2e_ok();
}
