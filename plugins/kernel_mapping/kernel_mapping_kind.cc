#include "plugins/kernel_mapping/kernel_mapping_kind.h"

#include <algorithm>

namespace tardigrade::kernel_mapping {

bool KernelMappingKind::Claims(const MemoryMapping& mapping) const {
  constexpr std::string_view kNames[] = {"[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]",
                                         "[uprobes]"};
  return mapping.inode == 0 &&
         std::find(std::begin(kNames), std::end(kNames), mapping.path) != std::end(kNames);
}

Result<MappingState> KernelMappingKind::Collect(pid_t, const MemoryMapping&,
                                                CollectContext&) const {
  return MappingState{.pages = PagePolicy::kNone, .state = Value(Value::Object())};
}

Result<std::optional<ScopedFd>> KernelMappingKind::OpenBacking(const Value& state,
                                                               CreateContext&) const {
  if (state.AsObject() == nullptr)
    return Error(ErrorCode::kBadImage, "kernel_mapping is not an object");
  return std::optional<ScopedFd>();
}

}  // namespace tardigrade::kernel_mapping
