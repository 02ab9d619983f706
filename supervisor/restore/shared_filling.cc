#include "supervisor/restore/shared_filling.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

namespace tardigrade {
namespace {

// kernel/pid.c: ids below RESERVED_PIDS are not used again; the default pid_max of small machines.
constexpr int32_t kLowest = 300, kHighest = 32767;
constexpr uint64_t kBytesWorthAHelper = 16 << 20;

uint64_t Processors() {
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? static_cast<uint64_t>(CPU_COUNT(&allowed)) : 1;
}

}  // namespace

SpareIds::SpareIds(const LoadedImage& image) : next_(kLowest + getpid() % (kHighest - kLowest)) {
  for (const LoadedProcess& process : image.processes) {
    taken_.insert({process.document.pid, process.document.process_group, process.document.session});
    for (const ThreadDocument& thread : process.document.threads) taken_.insert(thread.tid);
  }
}

std::optional<int32_t> SpareIds::Take() {
  constexpr int kTries = 1000;
  for (int tries = 0; tries < kTries; ++tries) {
    next_ = next_ == kHighest ? kLowest : next_ + 1;
    if (!taken_.contains(next_)) return next_;
  }
  return std::nullopt;
}

void ShareFilling(std::span<const FillMark> marks, SpareIds& ids, ThreadPlans& leader) {
  if (marks.empty()) return;
  leader.fill_begin = marks.front().op;
  leader.fill_end = marks.back().op + 1;
  const uint64_t helpers = std::min<uint64_t>(
      {protocol::kMaxFillHelpers, Processors() - 1, marks.size() - 1, marks.back().bytes / kBytesWorthAHelper});
  for (uint64_t i = 0; i < helpers; ++i) {
    if (const std::optional<int32_t> id = ids.Take(); id.has_value()) leader.fill_tids.push_back(*id);
  }
}

}  // namespace tardigrade
