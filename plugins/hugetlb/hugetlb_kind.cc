#include "plugins/hugetlb/hugetlb_kind.h"

#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include <cstdio>

#include "supervisor/base/file_io.h"

namespace tardigrade::hugetlb {
namespace {

// The kernel has one internal file system per size of huge pages, and maps shows its device: that
// of a mapping made here tells 2 MiB pages from others.  Reserves and touches no page.
Result<uint64_t> DeviceOfPages() {
  void* const probe =
      mmap(nullptr, kPageBytes, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB | MAP_NORESERVE, -1, 0);
  if (probe == MAP_FAILED) return Error::Errno("mapping a huge page of 2 MiB to learn its device");
  const Result<std::string> maps = ReadFile("/proc/self/maps");
  munmap(probe, kPageBytes);
  if (!maps.has_value()) return maps.error();

  char start[32];
  std::snprintf(start, sizeof(start), "%08lx-", reinterpret_cast<unsigned long>(probe));
  const std::string text = "\n" + maps.value();
  const size_t line = text.find(StrCat("\n", start));
  unsigned device_major = 0, device_minor = 0;
  if (line == std::string::npos || std::sscanf(text.c_str() + line + 1, "%*x-%*x %*s %*x %x:%x",
                                               &device_major, &device_minor) != 2)
    return Error(ErrorCode::kInternal, "a mapping of huge pages is not where it was put");
  return makedev(device_major, device_minor);
}

}  // namespace

bool HugetlbKind::Claims(const MemoryMapping& mapping) const {
  return mapping.path == "/anon_hugepage" && mapping.deleted;
}

Status HugetlbKind::Check(pid_t, const MemoryMapping& mapping) const {
  ASSIGN_OR_RETURN(const uint64_t device, DeviceOfPages(), "looking at the huge pages at ",
                   Hex(mapping.start));
  if (mapping.dev == device) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the memory at ", Hex(mapping.start),
                      " is of huge pages that are not of 2 MiB, which cannot be saved yet; "
                      "run the job with 2 MiB pages (MAP_HUGE_2MB)"));
}

Result<MappingState> HugetlbKind::Collect(pid_t, const MemoryMapping& mapping,
                                          CollectContext&) const {
  HugetlbState state;
  if (mapping.shared) state.object = StrCat("inode:", mapping.dev, ":", mapping.inode);
  return MappingState{.pages = mapping.shared ? PagePolicy::kSharedAnonymous : PagePolicy::kPrivate,
                      .state = Encode(state)};
}

Result<std::optional<ScopedFd>> HugetlbKind::OpenBacking(const Value& state, CreateContext&) const {
  RETURN_IF_ERROR(Decode<HugetlbState>(state, "hugetlb"));
  return std::optional<ScopedFd>();
}

}  // namespace tardigrade::hugetlb
