#include "plugins/regular_file/regular_file_kind.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cctype>

#include "plugins/regular_file/deleted_file.h"
#include "plugins/regular_file/regular_file_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::regular_file {
namespace {

constexpr long kMqueueMagic = 0x19800202;  // ipc/mqueue.c

long FileSystemOf(int local_fd) {
  struct statfs fs = {};
  return fstatfs(local_fd, &fs) == 0 ? static_cast<long>(fs.f_type) : 0;
}

// File systems whose files are made up when they are read.
bool IsPseudo(long file_system) {
  constexpr long kPseudo[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,   CGROUP_SUPER_MAGIC,
                              CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
                              SECURITYFS_MAGIC};
  return std::find(std::begin(kPseudo), std::end(kPseudo), file_system) != std::end(kPseudo);
}

bool IsOfAProcess(const std::string& path) {
  return path.starts_with("/proc/") && path.size() > 6 &&
         std::isdigit(static_cast<unsigned char>(path[6])) != 0;
}

bool HasName(const FdFacts& file) {
  return ReachTraceePath(file.pid, file.link, file.stat).has_value();
}

bool IsWrittenBy(const FdFacts& other, const FdFacts& file) {
  return other.stat.st_ino == file.stat.st_ino && other.stat.st_dev == file.stat.st_dev &&
         (other.info.flags & O_PATH) == 0 && (other.info.flags & O_ACCMODE) != O_RDONLY;
}

Result<std::string> CollectDeleted(const FdFacts& file, const std::string& path,
                                   CollectContext& context) {
  if ((file.info.flags & O_ACCMODE) != O_WRONLY)
    return AddDeletedFile(file.local_fd, path, context);
  ASSIGN_OR_RETURN(const ScopedFd readable, Reopen(file.local_fd, O_RDONLY),
                   "reading a deleted file that is open for writing only");
  return AddDeletedFile(readable.get(), path, context);
}

std::string WayOut(const std::string& path) {
  return StrCat("; put back the file the job had open, or name it with --set-file ", path, "=NEW");
}

std::string DescribeGrowth(const FileIdentity& before, const FileIdentity& now) {
  if (now.size > before.size) return StrCat(" grew by ", now.size - before.size, " bytes");
  if (now.size < before.size) return StrCat(" shrank by ", before.size - now.size, " bytes");
  return " was written to";
}

Status CheckUnchanged(const RegularFileState& state, const std::string& path, int local_fd,
                      CreateContext& context) {
  if (!state.identity.has_value()) return Ok();
  const FileIdentity& before = *state.identity;
  ASSIGN_OR_RETURN(const FileIdentity now, ReadIdentity(local_fd, /*with_build_id=*/false));
  if (now.size < std::min(state.offset, before.size))
    return Error(ErrorCode::kUnsupported,
                 StrCat(path, " is shorter (", now.size, " bytes) than where the job is in it (",
                        state.offset, ")", WayOut(state.path)));
  if (now == before) return Ok();
  if (!state.written_by_job)
    return Error(ErrorCode::kUnsupported,
                 StrCat(path, " has changed: ", DescribeChange(before, now), WayOut(state.path)));
  context.Warn(StrCat(path, DescribeGrowth(before, now), " since the snapshot; it stays so"));
  return Ok();
}

Result<ScopedFd> OpenByPath(const RegularFileState& state, CreateContext& context) {
  constexpr uint64_t kKept =
      O_ACCMODE | O_APPEND | O_DIRECT | O_SYNC | O_NOATIME | O_NONBLOCK | O_NOFOLLOW;
  const std::string path = WithoutLinks(context.MovedPath(state.path), state.open.flags);
  Result<ScopedFd> opened = OpenFile(path, static_cast<int>(state.open.flags & kKept) | O_NOCTTY);
  if (!opened.has_value() && opened.error().errno_value() == ENOENT)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the file ", path, " is missing", WayOut(state.path)));
  ASSIGN_OR_RETURN(ScopedFd file, std::move(opened), "the job had ", state.path, " open");
  struct stat st = {};
  if (fstat(file.get(), &st) != 0) return Error::Errno("fstat ", path);
  if (!S_ISREG(st.st_mode))
    return Error(ErrorCode::kUnsupported,
                 StrCat(path, " is no longer a regular file", WayOut(state.path)));
  RETURN_IF_ERROR(CheckUnchanged(state, path, file.get(), context));
  return file;
}

}  // namespace

bool RegularFileKind::Claims(const FdFacts& file) const {
  if (!S_ISREG(file.stat.st_mode) || (file.info.flags & O_PATH) != 0 || !file.link.starts_with('/') ||
      file.link.starts_with("/memfd:") || file.link.starts_with("/secretmem"))
    return false;
  const long file_system = FileSystemOf(file.local_fd);
  return file_system != kMqueueMagic && !(file_system == PROC_SUPER_MAGIC && IsOfAProcess(file.link));
}

Status RegularFileKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(ParseLocks(file.info), "fd ", file.fd, " (", file.link, ")");
  const long file_system = FileSystemOf(file.local_fd);
  if (HasName(file)) return Ok();
  if (IsPseudo(file_system) || file_system == HUGETLBFS_MAGIC)
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd, " is ", file.link, ", which is gone; close it first"));
  if (file.stat.st_nlink != 0)
    return Error(ErrorCode::kUnsupported, StrCat("fd ", file.fd, " is a file that was ", file.link,
                                                 ", and is reached under another name only; "
                                                 "put it back under its old one"));
  return Ok();
}

Result<Value> RegularFileKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                       CollectContext& context) const {
  RegularFileState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.offset, OffsetOf(file));
  ASSIGN_OR_RETURN(state.locks, ParseDescriptionLocks(file.info));
  state.path = file.link;
  state.written_by_job = IsWrittenBy(file, file);
  for (const FdFacts& other : all) state.written_by_job |= IsWrittenBy(other, file);
  if (!HasName(file)) {
    state.path = WithoutDeletedSuffix(file.link);
    ASSIGN_OR_RETURN(state.object, CollectDeleted(file, state.path, context));
  } else if (!IsPseudo(FileSystemOf(file.local_fd))) {
    ASSIGN_OR_RETURN(state.identity, ReadIdentity(file.local_fd, /*with_build_id=*/false));
  }
  return Encode(state);
}

Result<ScopedFd> RegularFileKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const RegularFileState state, Decode<RegularFileState>(value, "regular_file"));
  ScopedFd file;
  if (state.object.empty()) {
    ASSIGN_OR_RETURN(file, OpenByPath(state, context));
  } else {
    ASSIGN_OR_RETURN(const int object, context.Object(state.object));
    ASSIGN_OR_RETURN(file, ReopenAs(object, state.open));
  }
  RETURN_IF_ERROR(SetStatusFlags(file.get(), state.open.flags), "of ", state.path);
  RETURN_IF_ERROR(SetOffset(file.get(), state.offset), "in ", state.path);
  RETURN_IF_ERROR(TakeDescriptionLocks(state.locks, state.path, file.get()));
  return file;
}

Status RegularFileKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const RegularFileState state, Decode<RegularFileState>(value, "regular_file"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

Result<Value> RegularFileKind::CollectOfProcess(const FdFacts& file) const {
  return CollectProcessLocks(file);
}

Status RegularFileKind::PlanOfProcess(const Value& value, const Value& of_process, int fd, int32_t sharer,
                       SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const RegularFileState state, Decode<RegularFileState>(value, "regular_file"));
  return PlanProcessLocks(of_process, state.path, fd, sharer, plan);
}

}  // namespace tardigrade::regular_file
