#ifndef PLUGINS_SCHEDULING_SCHEDULING_STATE_H_
#define PLUGINS_SCHEDULING_SCHEDULING_STATE_H_

#include <cstdint>
#include <vector>

#include "supervisor/image/fields.h"

namespace tardigrade::scheduling {

struct SchedulingState {
  // struct sched_attr, sched_setattr(2).
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0;  // SCHED_DEADLINE; for fair policies the time slice.
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
  uint32_t util_min = 0;
  uint32_t util_max = 0;

  std::vector<uint64_t> cpus;  // Bits, sched_getaffinity(2).
  bool all_cpus = false;       // They were all there were.
  uint32_t io_priority = 0;    // ioprio_get(2); 0: follows nice.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("policy", self.policy, Range<uint32_t>{0, 7});
    visit("flags", self.flags, Range<uint64_t>{0, 0x7f});
    visit("nice", self.nice, Range<int32_t>{-20, 19});
    visit("priority", self.priority, Range<uint32_t>{0, 99});
    visit("runtime_ns", self.runtime_ns);
    visit("deadline_ns", self.deadline_ns);
    visit("period_ns", self.period_ns);
    visit("util_min", self.util_min, Range<uint32_t>{0, 1024});
    visit("util_max", self.util_max, Range<uint32_t>{0, 1024});
    visit("cpus", self.cpus, Range<size_t>{1, 1024});
    visit("all_cpus", self.all_cpus);
    visit("io_priority", self.io_priority, Range<uint32_t>{0, 0xffff});
  }
};

}  // namespace tardigrade::scheduling

#endif  // PLUGINS_SCHEDULING_SCHEDULING_STATE_H_
