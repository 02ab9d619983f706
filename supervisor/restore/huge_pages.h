#ifndef SUPERVISOR_RESTORE_HUGE_PAGES_H_
#define SUPERVISOR_RESTORE_HUGE_PAGES_H_

#include <cstdint>
#include <span>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"
#include "supervisor/image/page_file.h"

namespace tardigrade {

inline constexpr uint64_t kHugePageBytes = 2 << 20;
inline constexpr int kHugePage2MiB = 21 << 26;  // MAP_HUGE_2MB, which <sys/mman.h> lacks.

constexpr uint64_t HugePageUp(uint64_t bytes) {
  return (bytes + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
}

// How many 2 MiB pages of the pool the job takes: what its mappings reserve, and what is saved of
// mappings that reserve nothing (MAP_NORESERVE).
uint64_t HugePagesNeeded(const ProcessDocument& process, std::span<const PageExtent> extents);

// How many a process can get; `dir` is /sys/kernel/mm/hugepages/hugepages-2048kB.
Result<uint64_t> HugePagesAvailable(const std::string& dir);

// Errors: kSystem with ENOMEM, with the way out, when too few are available.
Status CheckHugePages(const ProcessDocument& process, std::span<const PageExtent> extents);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_HUGE_PAGES_H_
