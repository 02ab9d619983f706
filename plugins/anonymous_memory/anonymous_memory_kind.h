#ifndef PLUGINS_ANONYMOUS_MEMORY_ANONYMOUS_MEMORY_KIND_H_
#define PLUGINS_ANONYMOUS_MEMORY_ANONYMOUS_MEMORY_KIND_H_

#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::anonymous_memory {

// Memory private to the process: heap, stacks, anonymous mappings, with or without a name
// (PR_SET_VMA_ANON_NAME), and private mappings of /dev/zero, which are the same
// (drivers/char/mem.c, mmap_zero()).
class AnonymousMemoryKind final : public MappingKind {
 public:
  std::string_view name() const override { return "anonymous"; }
  bool Claims(const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  bool has_backing() const override { return false; }
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
};

}  // namespace tardigrade::anonymous_memory

#endif  // PLUGINS_ANONYMOUS_MEMORY_ANONYMOUS_MEMORY_KIND_H_
