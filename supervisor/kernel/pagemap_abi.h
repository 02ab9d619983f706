#ifndef SUPERVISOR_KERNEL_PAGEMAP_ABI_H_
#define SUPERVISOR_KERNEL_PAGEMAP_ABI_H_

#include <sys/ioctl.h>

#include <cstdint>

// The kernel's interface to page tables, under names of our own: the headers of distributions are
// older than it.  Source: include/uapi/linux/fs.h of Linux 6.18 and
// Documentation/admin-guide/mm/pagemap.rst.
namespace tardigrade::pagemap_abi {

// Entries of /proc/PID/pagemap, one per page.
inline constexpr uint64_t kPmExclusive = uint64_t{1} << 56;  // Mapped by this process alone.
inline constexpr uint64_t kPmGuardRegion = uint64_t{1} << 58;  // Since 6.15.
inline constexpr uint64_t kPmFile = uint64_t{1} << 61;  // Page of a file or of shared memory.
inline constexpr uint64_t kPmSwap = uint64_t{1} << 62;
inline constexpr uint64_t kPmPresent = uint64_t{1} << 63;

// Categories of the PAGEMAP_SCAN ioctl, since 6.7.
inline constexpr uint64_t kPageIsFile = 1 << 2;
inline constexpr uint64_t kPageIsPresent = 1 << 3;
inline constexpr uint64_t kPageIsSwapped = 1 << 4;
inline constexpr uint64_t kPageIsPfnzero = 1 << 5;
inline constexpr uint64_t kPageIsHuge = 1 << 6;
inline constexpr uint64_t kPageIsGuard = 1 << 8;  // Since 6.16; refused with EINVAL before.

// madvise(2) advice, since 6.13: include/uapi/asm-generic/mman-common.h.
inline constexpr int kMadvGuardInstall = 102;

struct PageRegion {
  uint64_t start;
  uint64_t end;
  uint64_t categories;
};
static_assert(sizeof(PageRegion) == 24);

struct PmScanArg {
  uint64_t size;
  uint64_t flags;
  uint64_t start;
  uint64_t end;
  uint64_t walk_end;  // Out: where the walk stopped.
  uint64_t vec;       // PageRegion[vec_len]
  uint64_t vec_len;
  uint64_t max_pages;  // 0: no limit.
  uint64_t category_inverted;
  uint64_t category_mask;
  uint64_t category_anyof_mask;
  uint64_t return_mask;
};
static_assert(sizeof(PmScanArg) == 96);

inline constexpr unsigned long kPagemapScan = _IOWR('f', 16, PmScanArg);

}  // namespace tardigrade::pagemap_abi

#endif  // SUPERVISOR_KERNEL_PAGEMAP_ABI_H_
