#include "plugins/anonymous_memory/shared_anonymous_kind.h"

namespace tardigrade::anonymous_memory {

bool SharedAnonymousKind::Claims(const MemoryMapping& mapping) const {
  if (!mapping.shared) return false;
  return (mapping.path == "/dev/zero" && mapping.deleted) ||
         mapping.path.starts_with("[anon_shmem:");
}

Result<MappingState> SharedAnonymousKind::Collect(pid_t, const MemoryMapping& mapping,
                                                  CollectContext&) const {
  const SharedAnonymousState state{.object = StrCat("inode:", mapping.dev, ":", mapping.inode)};
  return MappingState{.pages = PagePolicy::kSharedAnonymous, .state = Encode(state)};
}

Result<std::optional<ScopedFd>> SharedAnonymousKind::OpenBacking(const Value& state,
                                                                 CreateContext&) const {
  RETURN_IF_ERROR(Decode<SharedAnonymousState>(state, "shared_anonymous"));
  return std::optional<ScopedFd>();
}

}  // namespace tardigrade::anonymous_memory
