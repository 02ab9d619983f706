#include "plugins/directory/directory_kind.h"

#include <cctype>

#include "plugins/directory/directory_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/resource/removed_directory.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::directory {
namespace {

bool IsPathOnly(const FdFacts& file) { return (file.info.flags & O_PATH) != 0; }

bool IsOfAProcess(const std::string& path) {
  return path.starts_with("/proc/") && path.size() > 6 &&
         std::isdigit(static_cast<unsigned char>(path[6])) != 0;
}

// A link is opened itself, not where it leads.
int OpenFlags(const DirectoryState& state) {
  const int shown = static_cast<int>(state.open.flags & (O_DIRECTORY | O_NOFOLLOW));
  if ((state.open.flags & O_PATH) != 0)
    return O_PATH | shown | (S_ISLNK(state.type) ? O_NOFOLLOW : 0);
  return O_RDONLY | shown |
         static_cast<int>(state.open.flags & (O_NONBLOCK | O_NOATIME | O_APPEND | O_SYNC));
}

// Before it is opened: opening a FIFO or a device may have effects.
Status CheckType(const DirectoryState& state, const std::string& path) {
  struct stat st = {};
  const int found = S_ISLNK(state.type) ? lstat(path.c_str(), &st) : stat(path.c_str(), &st);
  if (found != 0)
    return Error::Errno("looking for ", path, ", which the job had open; --set-file ", state.path,
                        "=NEW names another");
  if ((st.st_mode & S_IFMT) == state.type) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat(path,
                      " is of another type than when the job opened it; name the "
                      "right one with --set-file ",
                      state.path, "=NEW"));
}

Result<ScopedFd> OpenRemoved(const DirectoryState& state, CreateContext& context) {
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  if ((state.open.flags & O_PATH) != 0)
    return Reopen(object, O_PATH | (state.open.flags & O_DIRECTORY));
  ASSIGN_OR_RETURN(ScopedFd fd, ReopenAs(object, state.open));
  RETURN_IF_ERROR(TakeDescriptionLocks(state.locks, state.path, fd.get()));
  return fd;
}

}  // namespace

bool DirectoryKind::Claims(const FdFacts& file) const {
  return file.link.starts_with('/') && (IsPathOnly(file) || S_ISDIR(file.stat.st_mode));
}

Status DirectoryKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(ParseLocks(file.info), "fd ", file.fd, " (", file.link, ")");
  if (IsOfAProcess(file.link))
    return Error(ErrorCode::kUnsupported, StrCat("fd ", file.fd, " is ", file.link,
                                                 ", a view of a running process, "
                                                 "which cannot be saved; close it first"));
  if (!ReachTraceePath(file.pid, file.link, file.stat).has_value() &&
      !IsRemovedDirectory(file.link, file.stat))
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd, " was ", file.link,
                        ", which is gone or something else "
                        "now, and cannot be saved; put it back, or close it first"));
  return Ok();
}

Result<Value> DirectoryKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                     CollectContext& context) const {
  DirectoryState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.locks, ParseDescriptionLocks(file.info));
  state.path = file.link;
  state.type = file.stat.st_mode & S_IFMT;
  if (!ReachTraceePath(file.pid, file.link, file.stat).has_value()) {
    ASSIGN_OR_RETURN(state.object, AddRemovedDirectory(file.link, file.stat, context));
  } else if (!IsPathOnly(file)) {
    ASSIGN_OR_RETURN(state.offset, OffsetOf(file));
  }
  return Encode(state);
}

Result<ScopedFd> DirectoryKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const DirectoryState state, Decode<DirectoryState>(value, "directory"));
  if (!state.object.empty()) return OpenRemoved(state, context);
  std::string path = context.MovedPath(state.path);
  if (!S_ISLNK(state.type)) path = WithoutLinks(path, state.open.flags);
  RETURN_IF_ERROR(CheckType(state, path));
  ASSIGN_OR_RETURN(ScopedFd fd, OpenFile(path, OpenFlags(state)),
                   "the job had this open; --set-file ", state.path, "=NEW names another");
  if ((state.open.flags & O_PATH) != 0) return fd;
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  if (state.offset != 0 && !SetOffset(fd.get(), state.offset).has_value())
    context.Warn(StrCat("the job was reading the directory ", path,
                        ", and will read it from the start again"));
  RETURN_IF_ERROR(TakeDescriptionLocks(state.locks, path, fd.get()));
  return fd;
}

Status DirectoryKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const DirectoryState state, Decode<DirectoryState>(value, "directory"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

Result<Value> DirectoryKind::CollectOfProcess(const FdFacts& file) const {
  return CollectProcessLocks(file);
}

Status DirectoryKind::PlanOfProcess(const Value& value, const Value& of_process, int fd, int32_t sharer,
                                    SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const DirectoryState state, Decode<DirectoryState>(value, "directory"));
  return PlanProcessLocks(of_process, state.path, fd, sharer, plan);
}

}  // namespace tardigrade::directory
