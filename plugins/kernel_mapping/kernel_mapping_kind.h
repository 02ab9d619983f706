#ifndef PLUGINS_KERNEL_MAPPING_KERNEL_MAPPING_KIND_H_
#define PLUGINS_KERNEL_MAPPING_KERNEL_MAPPING_KIND_H_

#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::kernel_mapping {

// What the kernel maps into every process and provides itself: the vDSO and its data, vsyscall, the
// slots of uprobes.  arch/x86/entry/vdso/vma.c, kernel/events/uprobes.c.
class KernelMappingKind final : public MappingKind {
 public:
  std::string_view name() const override { return "kernel_mapping"; }
  bool Claims(const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  bool has_backing() const override { return false; }
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
};

}  // namespace tardigrade::kernel_mapping

#endif  // PLUGINS_KERNEL_MAPPING_KERNEL_MAPPING_KIND_H_
