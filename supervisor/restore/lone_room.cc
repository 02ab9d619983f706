#include "supervisor/restore/lone_room.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdlib>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

// Nothing is mapped below.
uint64_t LowestAddress() {
  constexpr uint64_t kPage = 4096;
  const Result<std::string> text = ReadFile("/proc/sys/vm/mmap_min_addr");
  const uint64_t lowest = text.has_value() ? std::strtoull(text.value().c_str(), nullptr, 10) : 0;
  return std::max((lowest + kPage - 1) & ~(kPage - 1), kPage);
}

}  // namespace

void PlanInLoneRoom(const AddressRange& room, std::vector<AddressRange> taken, const SyscallPlan& making, SyscallPlan& plan) {
  taken.push_back(room);
  taken.emplace_back(kTaskSize, kTaskSize);
  std::sort(taken.begin(), taken.end());
  std::vector<AddressRange> gaps;
  uint64_t at = LowestAddress();
  for (const auto& [start, end] : taken) {
    if (start > at) gaps.emplace_back(at, start);
    at = std::max(at, end);
  }
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  for (const auto& [start, end] : gaps)
    plan.Add(StrCat("taking all room but that at ", Hex(room.first)), SYS_mmap, {start, end - start, PROT_NONE, kFlags, -1, 0},
             {.may_fail = false, .exactly = static_cast<int64_t>(start)});
  plan.Append(making);
  for (const auto& [start, end] : gaps) plan.Add("giving room back", SYS_munmap, {start, end - start});
}

}  // namespace tardigrade
