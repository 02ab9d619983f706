#ifndef SUPERVISOR_KERNEL_VM_FLAGS_H_
#define SUPERVISOR_KERNEL_VM_FLAGS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// What /proc/PID/smaps says of one VMA beyond its line in maps.  Sizes are 0 where this kernel does
// not print them.
struct VmaDetails {
  uint64_t start = 0;  // [start, end), byte addresses.
  uint64_t end = 0;
  std::vector<std::string> vm_flags;  // Two-letter codes of VmFlags, sorted.
  int protection_key = 0;
  uint64_t kernel_page_kb = 0;  // KernelPageSize: more than a page for hugetlb only.
  uint64_t rss_kb = 0;
  uint64_t anonymous_kb = 0;
  uint64_t anon_huge_kb = 0;  // AnonHugePages.
  uint64_t swap_kb = 0;
  uint64_t locked_kb = 0;

  bool operator==(const VmaDetails&) const = default;
  bool HasFlag(std::string_view code) const;
};

// Parses smaps; see fs/proc/task_mmu.c, show_smap().  Reading it walks all page tables: do that
// while the process runs.  Errors: kInternal for text it cannot read, a VMA without VmFlags among
// it.
Result<std::vector<VmaDetails>> ParseSmaps(std::string_view text);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_VM_FLAGS_H_
