#include "plugins/inotify/inotify_kind.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "plugins/inotify/find_watched.h"
#include "plugins/inotify/inotify_state.h"

namespace tardigrade::inotify {
namespace {

constexpr uint32_t kSavedMask = IN_ALL_EVENTS | IN_EXCL_UNLINK | static_cast<uint32_t>(IN_ONESHOT);

Status CheckNothingUnread(const FdFacts& file) {
  int unread = 0;
  if (ioctl(file.local_fd, FIONREAD, &unread) != 0) return Error::Errno("FIONREAD on fd ", file.fd);
  if (unread == 0) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the inotify instance fd ", file.fd, " has ", unread,
                      " bytes of unread events, which cannot be saved; try again when the job "
                      "has read them"));
}

Result<std::vector<WatchState>> CollectWatches(const FdFacts& file, std::span<const FdFacts> all) {
  ASSIGN_OR_RETURN(const std::vector<WatchLine> lines, ParseInotify(file.info));
  std::vector<WatchState> watches;
  for (const WatchLine& line : lines) {
    if (line.wd < 1 || line.wd > kHighestWatch)
      return Error(ErrorCode::kUnsupported,
                   StrCat("the inotify instance fd ", file.fd, " has used up ", line.wd,
                          " watches, more than can be counted again; restart the job"));
    WatchState watch{.wd = line.wd, .mask = line.mask & kSavedMask, .path = ""};
    ASSIGN_OR_RETURN(watch.path, FindWatched(line, file, all));
    watches.push_back(std::move(watch));
  }
  return watches;
}

void Drain(int fd) {
  alignas(inotify_event) char events[16 << 10];
  while (read(fd, events, sizeof(events)) > 0) {
  }
}

// Numbers are given out in turn (idr_alloc_cyclic()), so those before the wanted one are used up
// first.  Each given up leaves an IN_IGNORED event, which is taken out again. `previous` is the
// number before, which is kept.
Status AddWatch(int fd, const WatchState& watch, const std::string& path, int previous) {
  // The path was found without following links.
  const uint32_t mask = (watch.mask & kSavedMask) | IN_DONT_FOLLOW;
  for (;;) {
    const int wd = inotify_add_watch(fd, path.c_str(), mask);
    if (wd < 0)
      return Error::Errno("watching ", path, "; --set-file ", watch.path, "=NEW names another");
    if (wd == watch.wd) return Ok();
    if (wd > watch.wd || wd <= previous)
      return Error(ErrorCode::kUnsupported,
                   StrCat("watching ", path, " gives watch descriptor ", wd, ", not ", watch.wd,
                          " as before: two paths the job watched are the same file now; name "
                          "another with --set-file"));
    previous = wd;
    inotify_rm_watch(fd, wd);
    Drain(fd);
  }
}

}  // namespace

Status InotifyKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(CheckNothingUnread(file));
  RETURN_IF_ERROR(CollectWatches(file, all));
  return Ok();
}

Result<Value> InotifyKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                   CollectContext&) const {
  InotifyState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  RETURN_IF_ERROR(CheckNothingUnread(file));
  ASSIGN_OR_RETURN(state.watches, CollectWatches(file, all));
  return Encode(state);
}

Result<ScopedFd> InotifyKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const InotifyState state, Decode<InotifyState>(value, "inotify"));
  ScopedFd fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return Error::Errno("inotify_init1");
  int32_t last = 0;
  for (const WatchState& watch : state.watches) {
    if (watch.wd <= last) return Error(ErrorCode::kBadImage, "inotify.watches are not in order");
    RETURN_IF_ERROR(AddWatch(fd.get(), watch, context.MovedPath(watch.path), last));
    last = watch.wd;
  }
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status InotifyKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const InotifyState state, Decode<InotifyState>(value, "inotify"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::inotify
