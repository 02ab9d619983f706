#include "plugins/regular_file/regular_file_kind.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>

#include "plugins/regular_file/deleted_file.h"
#include "plugins/regular_file/regular_file_state.h"
#include "plugins/regular_file/saved_file.h"
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

bool IsSameFile(const FdFacts& a, const FdFacts& b) {
  return a.stat.st_ino == b.stat.st_ino && a.stat.st_dev == b.stat.st_dev;
}

// A path that leads to the file: the one it was opened by, one by which the job has it open as
// well, or another in the same directory, as linkat(2) gives to a file made with O_TMPFILE.
std::optional<std::string> NameOf(const FdFacts& file, std::span<const FdFacts> all) {
  if (ReachTraceePath(file.pid, file.link, file.stat).has_value()) return file.link;
  if (file.stat.st_nlink == 0) return std::nullopt;
  for (const FdFacts& other : all) {
    if (IsSameFile(other, file) && ReachTraceePath(other.pid, other.link, other.stat).has_value())
      return other.link;
  }
  return FindOtherName(file.pid, WithoutDeletedSuffix(file.link), file.stat);
}

bool IsWrittenBy(const FdFacts& other, const FdFacts& file) {
  return IsSameFile(other, file) && (other.info.flags & O_PATH) == 0 &&
         (other.info.flags & O_ACCMODE) != O_RDONLY;
}

bool IsWritten(const FdFacts& file, std::span<const FdFacts> all) {
  const auto writes = [&](const FdFacts& other) { return IsWrittenBy(other, file); };
  return writes(file) || std::any_of(all.begin(), all.end(), writes);
}

// Whether opening it once more would break a lease of the job's.
bool HasWriteLease(const FdFacts& file, std::span<const FdFacts> all) {
  return std::any_of(all.begin(), all.end(), [&](const FdFacts& other) {
    const Result<Lease> lease = ParseLease(other.info);
    return IsSameFile(other, file) && lease.has_value() && lease.value() == Lease::kWrite;
  });
}

// A name that is not known leads to a file that others may have: a copy is not the same to who
// writes it.
Status CheckUnreachable(const FdFacts& file, std::span<const FdFacts> all) {
  const bool may_part =
      file.save_files || (!IsWritten(file, all) && file.info.FindAll("lock").empty());
  if (file.stat.st_nlink == 0 || may_part) return Ok();
  return Error(
      ErrorCode::kUnsupported,
      StrCat("fd ", file.fd, " is a file that was ", file.link,
             ", and is reached under another name only, which is not in that directory; put it "
             "back under its old one, or let the job go on with a copy of its own (--save-files)"));
}

// Opening a mapped file, as collecting the mapping does, would break a write lease.
Status CheckLease(const FdFacts& file, std::span<const FdFacts> all, bool has_name) {
  ASSIGN_OR_RETURN(const Lease lease, ParseLease(file.info));
  if (lease == Lease::kNone) return Ok();
  if (!has_name)
    return Error(ErrorCode::kUnsupported,
                 "the file has no name any more, and its lease (F_SETLEASE) cannot be saved; give "
                 "it up first");
  for (const FdFacts& other : all) {
    if (lease != Lease::kWrite) break;
    const Result<std::string> maps = ReadFile(StrCat("/proc/", other.pid, "/maps"));
    const Result<std::vector<MemoryMapping>> mappings =
        ParseMaps(maps.has_value() ? maps.value() : "");
    if (!mappings.has_value()) continue;
    for (const MemoryMapping& mapping : mappings.value()) {
      if (mapping.path == file.link)
        return Error(ErrorCode::kUnsupported, StrCat("the file is mapped and under a write lease "
                                                     "(F_SETLEASE), which looking at the mapping "
                                                     "would break; give the lease up first"));
    }
  }
  return Ok();
}

// `save` reads through a descriptor.
Result<std::string> SaveReadable(const FdFacts& file,
                                 const std::function<Result<std::string>(int)>& save) {
  if ((file.info.flags & O_ACCMODE) != O_WRONLY) return save(file.local_fd);
  ASSIGN_OR_RETURN(const ScopedFd readable, Reopen(file.local_fd, O_RDONLY),
                   "reading a file that the job has open for writing only");
  return save(readable.get());
}

// Programs and libraries are not the job's own, unless it writes them.
Result<std::string> SaveCopy(const FdFacts& file, std::span<const FdFacts> all,
                             const RegularFileState& state, CollectContext& context) {
  if (HasWriteLease(file, all)) {
    context.Warn(StrCat("no copy of ", state.path,
                        " was saved: reading it would break the job's lease on it"));
    return std::string();
  }
  if (!state.written_by_job && !ReadBuildId(file.local_fd).empty()) return std::string();
  return SaveReadable(file,
                      [&](int local_fd) { return AddSavedFile(local_fd, state.path, context); });
}

std::string WayOut(const std::string& path) {
  return StrCat("; put back the file the job had open, or name it with --set-file ", path, "=NEW");
}

constexpr const char* kOrGoOn = ", or restore with --changed-files warn to go on with it as it is";

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
  if (now == before) return Ok();
  const ChangedFiles policy = context.changed_files();
  if (policy == ChangedFiles::kWarn) {
    context.Warn(StrCat(path, " has changed: ", DescribeChange(before, now),
                        "; the job goes on with it as it is"));
    return Ok();
  }
  if (now.size < std::min(state.offset, before.size))
    return Error(ErrorCode::kUnsupported,
                 StrCat(path, " is shorter (", now.size, " bytes) than where the job is in it (",
                        state.offset, ")", WayOut(state.path), kOrGoOn));
  if (!state.written_by_job || policy == ChangedFiles::kRefuse)
    return Error(
        ErrorCode::kUnsupported,
        StrCat(path, " has changed: ", DescribeChange(before, now), WayOut(state.path), kOrGoOn));
  context.Warn(StrCat(path, DescribeGrowth(before, now), " since the snapshot; it stays so"));
  return Ok();
}

Result<ScopedFd> OpenByPath(const RegularFileState& state, CreateContext& context) {
  constexpr uint64_t kKept =
      O_ACCMODE | O_APPEND | O_DIRECT | O_SYNC | O_NOATIME | O_NONBLOCK | O_NOFOLLOW;
  const std::string path = WithoutLinks(context.MovedPath(state.path), state.open.flags);
  // First: it may have to be put back.
  if (!state.copy.empty()) RETURN_IF_ERROR(context.Object(state.copy));
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
  if (state.copy.empty()) {
    RETURN_IF_ERROR(CheckUnchanged(state, path, file.get(), context));
  } else {
    RETURN_IF_ERROR(CheckIsSavedFile(state.copy, path, file.get(), context));
  }
  return file;
}

// One description remembers that the file was made without a name (O_TMPFILE among its flags).
Result<ScopedFd> OpenNameless(const RegularFileState& state, CreateContext& context) {
  constexpr uint64_t kCreator = O_TMPFILE | O_RDWR;
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  if ((state.open.flags & (O_TMPFILE | O_ACCMODE | O_SYNC)) == kCreator) {
    ScopedFd creator = context.TakeAside(state.object);
    if (creator.valid()) return creator;
  }
  return ReopenAs(object, state.open);
}

}  // namespace

bool RegularFileKind::Claims(const FdFacts& file) const {
  if (!S_ISREG(file.stat.st_mode) || (file.info.flags & O_PATH) != 0 ||
      !file.link.starts_with('/') || file.link.starts_with("/memfd:") ||
      file.link.starts_with("/secretmem"))
    return false;
  const long file_system = FileSystemOf(file.local_fd);
  return file_system != kMqueueMagic &&
         !(file_system == PROC_SUPER_MAGIC && IsOfAProcess(file.link));
}

Status RegularFileKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(ParseLocks(file.info), "fd ", file.fd, " (", file.link, ")");
  const long file_system = FileSystemOf(file.local_fd);
  const bool has_name = NameOf(file, all).has_value();
  RETURN_IF_ERROR(CheckLease(file, all, has_name), "fd ", file.fd, " (", file.link, ")");
  if (has_name) return Ok();
  if (IsPseudo(file_system) || file_system == HUGETLBFS_MAGIC)
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd, " is ", file.link, ", which is gone; close it first"));
  return CheckUnreachable(file, all);
}

Result<Value> RegularFileKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                       CollectContext& context) const {
  RegularFileState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.offset, OffsetOf(file));
  ASSIGN_OR_RETURN(state.locks, ParseDescriptionLocks(file.info));
  ASSIGN_OR_RETURN(state.lease, ParseLease(file.info));
  state.written_by_job = IsWritten(file, all);
  const std::optional<std::string> name = NameOf(file, all);
  state.path = name.value_or(WithoutDeletedSuffix(file.link));
  if (!name.has_value()) {
    ASSIGN_OR_RETURN(state.object, SaveReadable(file, [&](int local_fd) {
                       return AddDeletedFile(local_fd, state.path, context);
                     }));
    if (file.stat.st_nlink != 0)
      context.Warn(
          StrCat(state.path,
                 " has another name, which is not known: the image has a copy of it, and a "
                 "restored job goes on with that"));
  } else if (!IsPseudo(FileSystemOf(file.local_fd))) {
    ASSIGN_OR_RETURN(state.identity, ReadIdentity(file.local_fd, /*with_build_id=*/false));
    if (context.save_files()) {
      ASSIGN_OR_RETURN(state.copy, SaveCopy(file, all, state, context));
    }
  }
  return Encode(state);
}

Result<ScopedFd> RegularFileKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const RegularFileState state, Decode<RegularFileState>(value, "regular_file"));
  ScopedFd file;
  if (state.object.empty()) {
    ASSIGN_OR_RETURN(file, OpenByPath(state, context));
  } else {
    ASSIGN_OR_RETURN(file, OpenNameless(state, context));
  }
  RETURN_IF_ERROR(SetStatusFlags(file.get(), state.open.flags), "of ", state.path);
  RETURN_IF_ERROR(SetOffset(file.get(), state.offset), "in ", state.path);
  RETURN_IF_ERROR(TakeDescriptionLocks(state.locks, state.path, file.get()));
  return file;
}

Status RegularFileKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const RegularFileState state, Decode<RegularFileState>(value, "regular_file"));
  const bool has_owner = state.open.owner.has_value() && state.open.owner->id != 0;
  RETURN_IF_ERROR(PlanLease(state.lease, has_owner, state.path, fd, plan));
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
