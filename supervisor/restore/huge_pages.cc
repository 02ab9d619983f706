#include "supervisor/restore/huge_pages.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <set>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

constexpr uint64_t kPageBytes = 4096;

uint64_t SavedHugePages(const MappingDocument& mapping, std::span<const PageExtent> extents) {
  std::set<uint64_t> pages;
  for (const PageExtent& extent : extents) {
    const uint64_t from = std::max(extent.address, mapping.start);
    const uint64_t to = std::min(extent.address + extent.pages * kPageBytes, mapping.end);
    for (uint64_t at = from; at < to; at = (at / kHugePageBytes + 1) * kHugePageBytes)
      pages.insert(at / kHugePageBytes);
  }
  return pages.size();
}

Result<uint64_t> ReadCount(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return static_cast<uint64_t>(std::strtoull(text.c_str(), nullptr, 10));
}

}  // namespace

uint64_t HugePagesNeeded(const ProcessDocument& process, std::span<const PageExtent> extents) {
  uint64_t pages = 0;
  std::map<std::string, uint64_t> objects;  // An object is reserved up to its end.
  for (const MappingDocument& mapping : process.mappings) {
    if (!mapping.HasFlag("ht")) continue;
    const uint64_t bytes = mapping.end - mapping.start;
    if (mapping.HasFlag("nr")) {
      pages += SavedHugePages(mapping, extents);
    } else if (mapping.object.empty()) {
      pages += bytes / kHugePageBytes;
    } else {
      uint64_t& end = objects[mapping.object];
      end = std::max(end, mapping.offset + bytes);
    }
  }
  for (const auto& [key, end] : objects) pages += end / kHugePageBytes;
  return pages;
}

Result<uint64_t> HugePagesAvailable(const std::string& dir) {
  ASSIGN_OR_RETURN(const uint64_t unused, ReadCount(dir + "/free_hugepages"));
  ASSIGN_OR_RETURN(const uint64_t reserved, ReadCount(dir + "/resv_hugepages"));
  ASSIGN_OR_RETURN(const uint64_t overcommit, ReadCount(dir + "/nr_overcommit_hugepages"));
  ASSIGN_OR_RETURN(const uint64_t surplus, ReadCount(dir + "/surplus_hugepages"));
  return unused - std::min(unused, reserved) + overcommit - std::min(overcommit, surplus);
}

Status CheckHugePages(const ProcessDocument& process, std::span<const PageExtent> extents) {
  const uint64_t needed = HugePagesNeeded(process, extents);
  if (needed == 0) return Ok();
  ASSIGN_OR_RETURN(const uint64_t available,
                   HugePagesAvailable("/sys/kernel/mm/hugepages/hugepages-2048kB"),
                   "looking for huge pages");
  if (available >= needed) return Ok();
  return Error::Syscall(ErrorCode::kSystem, ENOMEM,
                        StrCat("the job needs ", needed, " huge pages of 2 MiB, and ", available,
                               " are to be had; make more (sysctl vm.nr_hugepages=N)"));
}

}  // namespace tardigrade
