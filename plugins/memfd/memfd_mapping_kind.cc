#include "plugins/memfd/memfd_mapping_kind.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "plugins/memfd/memfd_object.h"
#include "plugins/memfd/memfd_state.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::memfd {
namespace {

// A mapping may be writable although the file is sealed against it since: F_SEAL_FUTURE_WRITE.  It
// could not be made again.
Status CheckSeals(const MemoryMapping& mapping, int local_fd) {
  const int seals = fcntl(local_fd, F_GET_SEALS);
  if (seals < 0) return Error::Errno("F_GET_SEALS");
  if (mapping.shared && (mapping.prot & PROT_WRITE) != 0 &&
      (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the mapping of ", mapping.path, " at ", Hex(mapping.start),
                        " is older than the seal against "
                        "writing (F_SEAL_FUTURE_WRITE), which cannot be restored; unmap it first"));
  return Ok();
}

}  // namespace

bool MemfdMappingKind::Claims(const MemoryMapping& mapping) const {
  return IsMemfdPath(mapping.path) && mapping.deleted;
}

Status MemfdMappingKind::Check(pid_t pid, const MemoryMapping& mapping) const {
  ASSIGN_OR_RETURN(const ScopedFd file, OpenMappedFile(pid, mapping));
  RETURN_IF_ERROR(CheckMemfd(file.get(), mapping.path));
  return CheckSeals(mapping, file.get());
}

Result<MappingState> MemfdMappingKind::Collect(pid_t pid, const MemoryMapping& mapping,
                                               CollectContext& context) const {
  MemfdMappingState state;
  ASSIGN_OR_RETURN(const ScopedFd file, OpenMappedFile(pid, mapping));
  ASSIGN_OR_RETURN(state.object, AddMemfd(file.get(), mapping.path, context));
  const int seals = fcntl(file.get(), F_GET_SEALS);
  const bool sealed = (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
  state.writable = mapping.shared && !sealed && MappingMayWrite(pid, mapping);
  return MappingState{.pages = mapping.shared ? PagePolicy::kNone : PagePolicy::kPrivate,
                      .state = Encode(state)};
}

Result<std::optional<ScopedFd>> MemfdMappingKind::OpenBacking(const Value& value,
                                                              CreateContext& context) const {
  ASSIGN_OR_RETURN(const MemfdMappingState state,
                   Decode<MemfdMappingState>(value, "memfd_mapping"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  OpenFileState open;
  open.flags = state.writable ? O_RDWR : O_RDONLY;
  ASSIGN_OR_RETURN(ScopedFd file, ReopenAs(object, open));
  return std::optional(std::move(file));
}

}  // namespace tardigrade::memfd
