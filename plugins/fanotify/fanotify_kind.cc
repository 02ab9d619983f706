#include "plugins/fanotify/fanotify_kind.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/fanotify.h>
#include <sys/sysmacros.h>

#include <optional>

#include "plugins/fanotify/fanotify_state.h"
#include "plugins/fanotify/find_mount.h"
#include "plugins/fanotify/unread_events.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/own_capabilities.h"

namespace tardigrade::fanotify {
namespace {

constexpr uint32_t kPreAccess = 0x00100000;  // FAN_PRE_ACCESS
constexpr uint32_t kAsks = FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM | kPreAccess;
constexpr uint32_t kIgnoreFlags = FAN_MARK_IGNORE | FAN_MARK_IGNORED_SURV_MODIFY;
constexpr uint32_t kKnownFlags = kIgnoreFlags | FAN_MARK_EVICTABLE;

Error Refuse(const FdFacts& file, const std::string& why) {
  return Error(ErrorCode::kUnsupported, StrCat("the fanotify group fd ", file.fd, " ", why));
}

Status CheckQuiet(const FdFacts& file) {
  ASSIGN_OR_RETURN(const size_t unread, CountUnread(file.local_fd));
  if (unread == 0) return Ok();
  return Refuse(file, StrCat("has ", unread,
                             " unread events, which cannot be brought back: they are about files "
                             "and processes of others; try again when the job has read them"));
}

Status CheckMark(const FdFacts& file, const MarkState& mark) {
  if ((mark.mask & kAsks) != 0)
    return Refuse(file,
                  "is asked before files are opened or read (permission events), and whoever does "
                  "that would wait while it is frozen, a snapshot too; remove these marks first");
  if ((mark.flags & ~kKnownFlags) != 0) return Refuse(file, "has marks with unknown flags");
  if (mark.mask == 0 && mark.ignored_mask == 0) return Refuse(file, "has a mark without a mask");
  return Ok();
}

Status Locate(const FdFacts& file, std::span<const FdFacts> all, const MarkLine& line,
              MarkState& mark) {
  if (mark.type == FAN_MARK_MOUNT) {
    mark.path = FindMount(line.mount_id, file.pid);
    if (!mark.path.empty()) return Ok();
    return Refuse(file, StrCat("has a mark on mount ", line.mount_id,
                               ", which is unmounted, covered, or another namespace's; remove it "
                               "first"));
  }
  if (mark.type == FAN_MARK_FILESYSTEM) {
    mark.path = FindMountPoint(line.inode.device, file.pid);
    if (!mark.path.empty()) return Ok();
  } else if (const FdFacts* const open = FindNameless(line.inode, all); open != nullptr) {
    mark.object = InodeKey(open->stat);
    return Ok();
  } else {
    mark.path = FindInode(line.inode, file, all);
    if (!mark.path.empty()) return Ok();
  }
  return Refuse(file,
                StrCat("has a mark on inode ", line.inode.inode, " of device ",
                       major(line.inode.device), ":", minor(line.inode.device),
                       ", whose path only root can find (or which is gone): snapshot as root, "
                       "or remove it first"));
}

Result<FanotifyState> CollectGroup(const FdFacts& file, std::span<const FdFacts> all) {
  FanotifyState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(const GroupLines group, ParseFanotify(file.info), "the fanotify group fd ",
                   file.fd);
  state.init_flags = group.init_flags;
  state.event_flags = group.event_flags;
  for (const MarkLine& line : group.marks) {
    MarkState mark = line.mark;
    RETURN_IF_ERROR(CheckMark(file, mark));
    RETURN_IF_ERROR(Locate(file, all, line, mark));
    state.marks.push_back(std::move(mark));
  }
  RETURN_IF_ERROR(CheckQuiet(file));
  ASSIGN_OR_RETURN(state.unprivileged, IsUnprivileged(file.local_fd, group.init_flags));
  return state;
}

Result<ScopedFd> MakeGroup(const FanotifyState& state) {
  if (!state.unprivileged && !MayMakeAnyGroup())
    return Error(ErrorCode::kDenied,
                 "a fanotify group that was made with CAP_SYS_ADMIN takes that to be made again: "
                 "restore as root");
  std::optional<ScopedWithoutCapability> without;
  if (state.unprivileged) without.emplace(CAP_SYS_ADMIN);
  ScopedFd fd(fanotify_init(state.init_flags, state.event_flags));
  if (!fd.valid())
    return Error::Errno("fanotify_init with flags ", state.init_flags, ", ", state.event_flags);
  return fd;
}

Status Mark(int fd, uint32_t flags, uint32_t mask, const std::string& path,
            const MarkState& state) {
  if (fanotify_mark(fd, FAN_MARK_ADD | flags, mask, AT_FDCWD, path.c_str()) == 0) return Ok();
  return Error::Errno("marking ", path, "; --set-file ", state.path, "=NEW names another");
}

Status AddMark(int fd, const MarkState& state, CreateContext& context) {
  std::string path = context.MovedPath(state.path);
  uint32_t where = state.type | (state.flags & FAN_MARK_EVICTABLE);
  if (!state.object.empty()) {
    ASSIGN_OR_RETURN(const int object, context.Object(state.object));
    path = StrCat("/proc/self/fd/", object);
  } else if (state.type == FAN_MARK_INODE) {
    where |= FAN_MARK_DONT_FOLLOW;  // The path was found without following links.
  } else if (!IsMountPoint(path)) {
    return Error(ErrorCode::kUnsupported, StrCat("nothing is mounted at ", path,
                                                 ", where the job watched a mount; mount it, "
                                                 "or name another with --set-file ",
                                                 state.path, "=NEW"));
  }
  struct stat st = {};
  const bool is_directory = stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
  // Of anything else the kernel sets it itself: do_fanotify_mark().
  const uint32_t not_asked =
      state.type == FAN_MARK_INODE && is_directory ? 0 : uint32_t{FAN_EVENT_ON_CHILD};
  if ((state.mask & ~not_asked) != 0)
    RETURN_IF_ERROR(Mark(fd, where, state.mask & ~not_asked, path, state));
  if (state.ignored_mask == 0) return Ok();
  const uint32_t ignore = state.flags & kIgnoreFlags;
  return Mark(fd, where | ignore | ((ignore & FAN_MARK_IGNORE) == 0 ? FAN_MARK_IGNORED_MASK : 0),
              state.ignored_mask, path, state);
}

// What was asked for is not always what one gets.
Status CheckMarks(int fd, const FanotifyState& state) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(StrCat("/proc/self/fdinfo/", fd)));
  ASSIGN_OR_RETURN(const FdInfo info, ParseFdInfo(text));
  ASSIGN_OR_RETURN(const GroupLines group, ParseFanotify(info));
  bool same = group.marks.size() == state.marks.size();
  for (size_t i = 0; same && i < group.marks.size(); ++i) {
    const MarkState &made = group.marks[i].mark, &wanted = state.marks[i];
    same = made.type == wanted.type && made.mask == wanted.mask &&
           made.ignored_mask == wanted.ignored_mask;
  }
  if (same) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the marks of a fanotify group could not be made as they were: ", text));
}

}  // namespace

Status FanotifyKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(CollectGroup(file, all));
  return Ok();
}

Result<Value> FanotifyKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                    CollectContext&) const {
  ASSIGN_OR_RETURN(const FanotifyState state, CollectGroup(file, all));
  return Encode(state);
}

Result<ScopedFd> FanotifyKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const FanotifyState state, Decode<FanotifyState>(value, "fanotify"));
  for (const MarkState& mark : state.marks) {
    const bool is_inode = mark.type == FAN_MARK_INODE;
    if (!is_inode && mark.type != FAN_MARK_MOUNT && mark.type != FAN_MARK_FILESYSTEM)
      return Error(ErrorCode::kBadImage, "fanotify.marks: there is no such type");
    if (mark.path.empty() == mark.object.empty() || (!is_inode && mark.path.empty()))
      return Error(ErrorCode::kBadImage, "fanotify.marks: either path or object");
    if ((mark.flags & ~kKnownFlags) != 0 || (mark.mask & kAsks) != 0)
      return Error(ErrorCode::kBadImage, "fanotify.marks: unknown flags");
  }
  ASSIGN_OR_RETURN(ScopedFd fd, MakeGroup(state));
  // Everything the supervisor makes is.
  if (fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) return Error::Errno("F_SETFD");
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

// Only now, so that what other kinds do to files is not reported.
Status FanotifyKind::Settle(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const FanotifyState state, Decode<FanotifyState>(value, "fanotify"));
  // The kernel lists the latest first.
  for (auto mark = state.marks.rbegin(); mark != state.marks.rend(); ++mark)
    RETURN_IF_ERROR(AddMark(local_fd, *mark, context));
  return CheckMarks(local_fd, state);
}

Status FanotifyKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const FanotifyState state, Decode<FanotifyState>(value, "fanotify"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::fanotify
