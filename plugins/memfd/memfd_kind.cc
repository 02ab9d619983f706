#include "plugins/memfd/memfd_kind.h"

#include "plugins/memfd/memfd_object.h"
#include "plugins/memfd/memfd_state.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::memfd {

bool MemfdKind::Claims(const FdFacts& file) const {
  return S_ISREG(file.stat.st_mode) && (file.info.flags & O_PATH) == 0 && IsMemfdPath(file.link) &&
         file.link.ends_with(kDeletedSuffix);
}

Status MemfdKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  if (!file.info.FindAll("lock").empty())
    return Error(ErrorCode::kUnsupported, StrCat("fd ", file.fd, ", ", file.link,
                                                 ", is locked, which cannot be saved "
                                                 "of a memfd yet; unlock it first"));
  return CheckMemfd(file.local_fd, file.link);
}

Result<Value> MemfdKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                 CollectContext& context) const {
  MemfdState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.offset, OffsetOf(file));
  ScopedFd readable;
  if (!state.open.may_read()) {
    ASSIGN_OR_RETURN(readable, Reopen(file.local_fd, O_RDONLY),
                     "reading a memfd open for writing only");
  }
  ASSIGN_OR_RETURN(state.object,
                   AddMemfd(readable.valid() ? readable.get() : file.local_fd, file.link, context));
  return Encode(state);
}

Result<ScopedFd> MemfdKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const MemfdState state, Decode<MemfdState>(value, "memfd"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ASSIGN_OR_RETURN(ScopedFd file, ReopenAs(object, state.open));
  RETURN_IF_ERROR(SetOffset(file.get(), state.offset));
  return file;
}

Status MemfdKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const MemfdState state, Decode<MemfdState>(value, "memfd"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::memfd
