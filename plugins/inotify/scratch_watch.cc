#include "plugins/inotify/scratch_watch.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/inotify/provoke_events.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/own_capabilities.h"

namespace tardigrade::inotify {
namespace {

// No event has this bit, and without any bit a mask is not taken.
constexpr uint32_t kNothing = IN_DONT_FOLLOW;
constexpr const char* kAside = "aside";

bool IsDirectory(const EventState& event) { return (event.mask & IN_ISDIR) != 0; }

Status Done(int result, const char* what) {
  if (result == 0) return Ok();
  return Error::Errno(what, " to bring an unread event about");
}

}  // namespace

Result<ScratchWatch> ScratchWatch::Add(int inotify_fd, int32_t wd, bool is_directory,
                                       const ScratchDirectory* scratch) {
  ScratchWatch watch;
  watch.inotify_fd_ = inotify_fd;
  watch.wd_ = wd;
  watch.is_directory_ = is_directory;
  watch.name_ = StrCat("w", wd);
  watch.scratch_ = scratch;
  if (scratch == nullptr) {
    ASSIGN_OR_RETURN(ScratchDirectory own, ScratchDirectory::Make(/*own_mount=*/true));
    watch.own_ = std::make_unique<ScratchDirectory>(std::move(own));
    watch.scratch_ = watch.own_.get();
  }
  RETURN_IF_ERROR(watch.MakeChild(watch.name_, is_directory));
  RETURN_IF_ERROR(SetNextWatch(inotify_fd, wd));
  RETURN_IF_ERROR(watch.Report(kNothing));
  return watch;
}

std::string ScratchWatch::SubjectOf(const EventState& event) const {
  return event.name.empty() ? name_ : StrCat(name_, "/", event.name);
}

// From now on the watch reports what is in the mask, and that alone.
Status ScratchWatch::Report(uint32_t mask) {
  const int wd = inotify_add_watch(inotify_fd_, scratch_->PathOf(name_).c_str(), mask);
  if (wd < 0) return Error::Errno("watching a scratch file");
  if (wd == wd_) return Ok();
  return Error(ErrorCode::kInternal, StrCat("a scratch file got watch ", wd, ", not ", wd_));
}

Status ScratchWatch::MakeChild(const std::string& path, bool is_directory) {
  if (is_directory) return Done(mkdirat(base(), path.c_str(), 0700), "making a scratch directory");
  const ScopedFd file(openat(base(), path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  return Done(file.valid() ? 0 : -1, "making a scratch file");
}

void ScratchWatch::RemoveChild(const std::string& path) {
  if (unlinkat(base(), path.c_str(), 0) != 0) unlinkat(base(), path.c_str(), AT_REMOVEDIR);
}

// fsnotify_change(): one of the two times alone counts as a read or a write.
Status ScratchWatch::Touch(const EventState& event, const std::string& subject) {
  const uint32_t bits = event.mask & ~IN_ISDIR;
  timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_NOW}, {.tv_sec = 0, .tv_nsec = UTIME_NOW}};
  if (bits == IN_ACCESS) times[1].tv_nsec = UTIME_OMIT;
  if (bits == IN_MODIFY) times[0].tv_nsec = UTIME_OMIT;
  RETURN_IF_ERROR(Report(bits));
  RETURN_IF_ERROR(Done(utimensat(base(), subject.c_str(), times, 0), "touching a scratch file"));
  return Report(kNothing);
}

Status ScratchWatch::OpenOrClose(const EventState& event, const std::string& subject) {
  const uint32_t bits = event.mask & ~IN_ISDIR;
  const int flags = O_CLOEXEC | (bits == IN_CLOSE_WRITE ? O_WRONLY : O_RDONLY);
  if (bits == IN_OPEN) RETURN_IF_ERROR(Report(bits));
  ScopedFd file(openat(base(), subject.c_str(), flags));
  RETURN_IF_ERROR(Done(file.valid() ? 0 : -1, "opening a scratch file"));
  if (bits != IN_OPEN) {
    RETURN_IF_ERROR(Report(bits));
    file.Reset();
  }
  return Report(kNothing);
}

Status ScratchWatch::ShortenWithSetUserId(const std::string& subject) {
  const ScopedFd file(openat(base(), subject.c_str(), O_WRONLY | O_CLOEXEC));
  RETURN_IF_ERROR(Done(file.valid() ? 0 : -1, "opening a scratch file"));
  RETURN_IF_ERROR(Done(fchmod(file.get(), 04700), "giving a scratch file its mode"));
  RETURN_IF_ERROR(Report(IN_MODIFY | IN_ATTRIB));
  {
    // Else the kernel leaves the bit alone: setattr_should_drop_suidgid().
    const ScopedWithoutCapability unprivileged(CAP_FSETID);
    RETURN_IF_ERROR(Done(ftruncate(file.get(), 0), "shortening a scratch file"));
  }
  return Report(kNothing);
}

Status ScratchWatch::ActOnChild(const EventState& event, const std::string& subject) {
  const uint32_t bits = event.mask & ~IN_ISDIR;
  if (bits == IN_MOVED_TO) RETURN_IF_ERROR(MakeChild(kAside, IsDirectory(event)));
  if (bits != IN_MOVED_TO && bits != IN_CREATE)
    RETURN_IF_ERROR(MakeChild(subject, IsDirectory(event)));
  RETURN_IF_ERROR(Report(bits));
  switch (bits) {
    case IN_CREATE:
      RETURN_IF_ERROR(MakeChild(subject, IsDirectory(event)));
      break;
    case IN_DELETE:
      RemoveChild(subject);
      break;
    case IN_MOVED_FROM:
      RETURN_IF_ERROR(Done(renameat(base(), subject.c_str(), base(), kAside), "renaming"));
      break;
    default:
      RETURN_IF_ERROR(Done(renameat(base(), kAside, base(), subject.c_str()), "renaming"));
      break;
  }
  return Report(kNothing);
}

Status ScratchWatch::ActOnWatched(const EventState& event) {
  const uint32_t bits = event.mask & ~IN_ISDIR;
  switch (bits) {
    case IN_IGNORED:
      RETURN_IF_ERROR(Done(inotify_rm_watch(inotify_fd_, wd_), "removing a watch"));
      RemoveChild(name_);
      return Ok();
    case IN_DELETE_SELF:
      RETURN_IF_ERROR(Report(bits));
      RemoveChild(name_);
      return Ok();
    case IN_UNMOUNT:
      own_->Remove();
      return Ok();
    default:
      RETURN_IF_ERROR(Report(bits));
      RETURN_IF_ERROR(Done(renameat(base(), name_.c_str(), base(), kAside), "renaming"));
      RETURN_IF_ERROR(Done(
          inotify_add_watch(inotify_fd_, scratch_->PathOf(kAside).c_str(), kNothing) == wd_ ? 0
                                                                                            : -1,
          "watching"));
      return Done(renameat(base(), kAside, base(), name_.c_str()), "renaming");
  }
}

Status ScratchWatch::Act(const EventState& event) {
  constexpr uint32_t kTouches = IN_ACCESS | IN_MODIFY | IN_ATTRIB;
  constexpr uint32_t kOpens = IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE;
  const uint32_t bits = event.mask & ~IN_ISDIR;
  const std::string subject = SubjectOf(event);
  if ((bits & (kTouches | kOpens)) == 0 && event.name.empty()) return ActOnWatched(event);
  if ((bits & (kTouches | kOpens)) != 0) {
    if (!event.name.empty()) RETURN_IF_ERROR(MakeChild(subject, IsDirectory(event)));
    if ((bits & kOpens) != 0)
      RETURN_IF_ERROR(OpenOrClose(event, subject));
    else if (bits == (IN_MODIFY | IN_ATTRIB))
      RETURN_IF_ERROR(ShortenWithSetUserId(subject));
    else
      RETURN_IF_ERROR(Touch(event, subject));
  } else {
    RETURN_IF_ERROR(ActOnChild(event, subject));
    RemoveChild(kAside);
  }
  if (!event.name.empty()) RemoveChild(subject);
  return Ok();
}

Status ScratchWatch::ActPair(ScratchWatch& from, const EventState& event_from, ScratchWatch& to,
                             const EventState& event_to) {
  const std::string before = from.SubjectOf(event_from), after = to.SubjectOf(event_to);
  RETURN_IF_ERROR(from.MakeChild(before, IsDirectory(event_from)));
  RETURN_IF_ERROR(from.Report(IN_MOVED_FROM | (&from == &to ? IN_MOVED_TO : 0)));
  if (&from != &to) RETURN_IF_ERROR(to.Report(IN_MOVED_TO));
  RETURN_IF_ERROR(
      Done(renameat(from.base(), before.c_str(), to.base(), after.c_str()), "renaming"));
  RETURN_IF_ERROR(from.Report(kNothing));
  if (&from != &to) RETURN_IF_ERROR(to.Report(kNothing));
  to.RemoveChild(after);
  return Ok();
}

}  // namespace tardigrade::inotify
