#ifndef PLUGINS_MEMFD_MEMFD_MAPPING_KIND_H_
#define PLUGINS_MEMFD_MEMFD_MAPPING_KIND_H_

#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::memfd {

// Mappings of memfds, also of those whose descriptors are closed.
class MemfdMappingKind final : public MappingKind {
 public:
  std::string_view name() const override { return "memfd_mapping"; }
  bool Claims(const MemoryMapping& mapping) const override;
  Status Check(pid_t pid, const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
};

}  // namespace tardigrade::memfd

#endif  // PLUGINS_MEMFD_MEMFD_MAPPING_KIND_H_
