#ifndef PLUGINS_HUGETLB_HUGETLB_KIND_H_
#define PLUGINS_HUGETLB_HUGETLB_KIND_H_

#include <cstdint>
#include <string>

#include "supervisor/image/fields.h"
#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::hugetlb {

inline constexpr uint64_t kPageBytes = 2 << 20;

struct HugetlbState {
  uint64_t page_bytes = kPageBytes;
  std::string object;  // As SharedAnonymousState's, for shared memory; else "".

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("page_bytes", self.page_bytes, Range<uint64_t>{kPageBytes, kPageBytes});
    visit("object", self.object, Range<size_t>{0, 256});
  }
};

// mmap(MAP_ANONYMOUS | MAP_HUGETLB) with pages of 2 MiB.  mm/mmap.c, hugetlb_file_setup().
class HugetlbKind final : public MappingKind {
 public:
  std::string_view name() const override { return "hugetlb"; }
  bool Claims(const MemoryMapping& mapping) const override;
  Status Check(pid_t pid, const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  bool has_backing() const override { return false; }
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
};

}  // namespace tardigrade::hugetlb

#endif  // PLUGINS_HUGETLB_HUGETLB_KIND_H_
