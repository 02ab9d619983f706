#include "plugins/anonymous_memory/anonymous_memory_kind.h"

namespace tardigrade::anonymous_memory {

bool AnonymousMemoryKind::Claims(const MemoryMapping& mapping) const {
  if (mapping.shared) return false;
  const std::string_view path = mapping.path;
  // A private mapping of shared memory would have the name with " (deleted)".
  if (path == "/dev/zero") return !mapping.deleted;
  return mapping.inode == 0 && (path.empty() || path == "[heap]" || path.starts_with("[stack") ||
                                path.starts_with("[anon:"));
}

Result<MappingState> AnonymousMemoryKind::Collect(pid_t, const MemoryMapping&,
                                                  CollectContext&) const {
  return MappingState{.pages = PagePolicy::kPrivate, .state = Value(Value::Object())};
}

Result<std::optional<ScopedFd>> AnonymousMemoryKind::OpenBacking(const Value& state,
                                                                 CreateContext&) const {
  if (state.AsObject() == nullptr) return Error(ErrorCode::kBadImage, "anonymous is not an object");
  return std::optional<ScopedFd>();
}

}  // namespace tardigrade::anonymous_memory
