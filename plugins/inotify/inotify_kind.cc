#include "plugins/inotify/inotify_kind.h"

#include <sys/inotify.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plugins/inotify/event_steps.h"
#include "plugins/inotify/inotify_state.h"
#include "plugins/inotify/peek_events.h"
#include "plugins/inotify/provoke_events.h"
#include "supervisor/kernel/kernel_memory.h"

namespace tardigrade::inotify {
namespace {

constexpr uint32_t kSavedMask = IN_ALL_EVENTS | IN_EXCL_UNLINK | static_cast<uint32_t>(IN_ONESHOT);

Error MayNotLook(const FdFacts& file, const Error& why) {
  return Error(
      why.code(),
      StrCat("the inotify instance fd ", file.fd,
             " has unread events, which the kernel shows to the privileged alone (CAP_BPF "
             "and CAP_PERFMON): snapshot as root, or try again when the job has read them: ",
             why.ToString()));
}

Result<Peeked> CollectEvents(const FdFacts& file) {
  ASSIGN_OR_RETURN(const size_t unread, UnreadBytes(file.local_fd));
  if (unread == 0) return Peeked();
  Result<Peeked> peeked = PeekEvents(file.local_fd);
  if (!peeked.has_value()) return MayNotLook(file, peeked.error());
  RETURN_IF_ERROR(PlanSteps(peeked.value().events, ErrorCode::kUnsupported),
                  "the inotify instance fd ", file.fd, ": let the job read its events first");
  return peeked;
}

Status CheckEvents(const FdFacts& file) {
  if (file.frozen) {
    RETURN_IF_ERROR(CollectEvents(file));
    return Ok();
  }
  // A running job may read its events any time: no walk through them.
  ASSIGN_OR_RETURN(const size_t unread, UnreadBytes(file.local_fd));
  if (unread == 0) return Ok();
  const Result<KernelMemory> memory = KernelMemory::Open();
  return memory.has_value() ? Ok() : Status(MayNotLook(file, memory.error()));
}

Error NotFound(const FdFacts& file, const WatchLine& line) {
  return Error(
      ErrorCode::kUnsupported,
      StrCat("the inotify instance fd ", file.fd, " watches inode ", line.inode.inode,
             " of device ", major(line.inode.device), ":", minor(line.inode.device),
             ", whose path only root can find (or which was deleted): snapshot as root, or "
             "remove the watch ",
             line.wd));
}

Result<std::vector<WatchState>> CollectWatches(const FdFacts& file, std::span<const FdFacts> all) {
  ASSIGN_OR_RETURN(const std::vector<WatchLine> lines, ParseInotify(file.info));
  std::vector<WatchState> watches;
  for (const WatchLine& line : lines) {
    WatchState watch{.wd = line.wd, .mask = line.mask & kSavedMask, .path = "", .object = ""};
    if (const FdFacts* const open = FindNameless(line.inode, all); open != nullptr)
      watch.object = InodeKey(open->stat);
    else
      watch.path = FindInode(line.inode, file, all);
    if (watch.object.empty() && watch.path.empty()) return NotFound(file, line);
    watches.push_back(std::move(watch));
  }
  return watches;
}

Status AddWatch(int fd, const WatchState& watch, CreateContext& context) {
  std::string path = context.MovedPath(watch.path);
  // The path was found without following links; that of an open file is one.
  uint32_t mask = (watch.mask & kSavedMask) | IN_DONT_FOLLOW;
  if (!watch.object.empty()) {
    ASSIGN_OR_RETURN(const int object, context.Object(watch.object));
    path = StrCat("/proc/self/fd/", object);
    mask &= ~IN_DONT_FOLLOW;
  }
  RETURN_IF_ERROR(SetNextWatch(fd, watch.wd));
  const int wd = inotify_add_watch(fd, path.c_str(), mask);
  if (wd == watch.wd) return Ok();
  if (wd < 0)
    return Error::Errno("watching ", path, "; --set-file ", watch.path, "=NEW names another");
  return Error(ErrorCode::kUnsupported,
               StrCat("watching ", path, " gives watch descriptor ", wd, ", not ", watch.wd,
                      " as before: two paths the job watched are the same file now; name "
                      "another with --set-file"));
}

}  // namespace

Status InotifyKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(CheckEvents(file));
  RETURN_IF_ERROR(CollectWatches(file, all));
  return Ok();
}

Result<Value> InotifyKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                   CollectContext&) const {
  InotifyState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(Peeked peeked, CollectEvents(file));
  state.events = std::move(peeked.events);
  state.next_wd = peeked.next_wd;
  ASSIGN_OR_RETURN(state.watches, CollectWatches(file, all));
  return Encode(state);
}

Result<ScopedFd> InotifyKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const InotifyState state, Decode<InotifyState>(value, "inotify"));
  int32_t last = 0;
  for (const WatchState& watch : state.watches) {
    if (watch.wd <= last) return Error(ErrorCode::kBadImage, "inotify.watches are not in order");
    if (watch.path.empty() == watch.object.empty())
      return Error(ErrorCode::kBadImage, "inotify.watches: either path or object");
    last = watch.wd;
  }
  ScopedFd fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return Error::Errno("inotify_init1");
  RETURN_IF_ERROR(ProvokeEvents(fd.get(), state.events));
  return fd;
}

// Only now, so that what other kinds do to files is not reported.
Status InotifyKind::Settle(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const InotifyState state, Decode<InotifyState>(value, "inotify"));
  for (const WatchState& watch : state.watches) RETURN_IF_ERROR(AddWatch(local_fd, watch, context));
  if (state.next_wd != 0) RETURN_IF_ERROR(SetNextWatch(local_fd, state.next_wd));
  return SetStatusFlags(local_fd, state.open.flags);
}

Status InotifyKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const InotifyState state, Decode<InotifyState>(value, "inotify"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::inotify
