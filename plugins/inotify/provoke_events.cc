#include "plugins/inotify/provoke_events.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>

#include "plugins/inotify/event_steps.h"
#include "plugins/inotify/peek_events.h"
#include "plugins/inotify/scratch_directory.h"
#include "plugins/inotify/scratch_watch.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::inotify {
namespace {

constexpr unsigned long kSetNextWatch = _IOW('I', 0, int32_t);  // linux/inotify.h

Result<size_t> QueueLimit() {
  ASSIGN_OR_RETURN(const std::string text, ReadFile("/proc/sys/fs/inotify/max_queued_events"));
  return std::strtoull(text.c_str(), nullptr, 10);
}

// A number that no event has.
int32_t FreeNumber(std::span<const EventState> events) {
  for (int32_t wd = INT32_MAX;; --wd) {
    const auto has = [wd](const EventState& event) { return event.wd == wd; };
    if (std::none_of(events.begin(), events.end(), has)) return wd;
  }
}

// Events at the front of the queue that take up room, and are taken out again.
class Filler {
 public:
  Filler(int fd, int32_t wd, const ScratchDirectory& scratch)
      : fd_(fd), wd_(wd), path_(scratch.PathOf("filler")) {}

  Status Start() {
    ASSIGN_OR_RETURN(const ScopedFd file, OpenFile(path_, O_CREAT | O_WRONLY, 0600));
    RETURN_IF_ERROR(SetNextWatch(fd_, wd_));
    if (inotify_add_watch(fd_, path_.c_str(), IN_ACCESS | IN_MODIFY) != wd_)
      return Error::Errno("watching a scratch file");
    return Ok();
  }

  // Two like events in a row would become one.
  Status Push(size_t count) {
    for (size_t i = 0; i < count; ++i, turn_ = !turn_) {
      const timespec times[2] = {{.tv_sec = 0, .tv_nsec = turn_ ? UTIME_NOW : UTIME_OMIT},
                                 {.tv_sec = 0, .tv_nsec = turn_ ? UTIME_OMIT : UTIME_NOW}};
      if (utimensat(AT_FDCWD, path_.c_str(), times, 0) != 0)
        return Error::Errno("touching a scratch file");
    }
    return Ok();
  }

  // Takes out the foremost events, which have no names.
  Status Pop(size_t count) {
    alignas(inotify_event) char events[64 << 10];
    while (count > 0) {
      const size_t bytes = std::min(sizeof(events), count * sizeof(inotify_event));
      const ssize_t got = read(fd_, events, bytes);
      if (got <= 0) return Error::Errno("taking events out of an inotify instance");
      count -= static_cast<size_t>(got) / sizeof(inotify_event);
    }
    return Ok();
  }

  void Stop() { inotify_rm_watch(fd_, wd_); }

 private:
  int fd_;
  int32_t wd_;
  std::string path_;
  bool turn_ = false;
};

class Provoker {
 public:
  Provoker(int fd, std::span<const EventState> events, ScratchDirectory scratch)
      : fd_(fd),
        events_(events),
        scratch_(std::move(scratch)),
        filler_(fd, FreeNumber(events), scratch_) {}

  Status Run() {
    ASSIGN_OR_RETURN(const std::vector<Step> steps, PlanSteps(events_, ErrorCode::kBadImage));
    RETURN_IF_ERROR(FillUp());
    for (const Step& step : steps) {
      if (has_overflow_ && step.first == overflow_) continue;
      if (!overflowed_ && step.first > overflow_) RETURN_IF_ERROR(Overflow());
      if (overflowed_) RETURN_IF_ERROR(MakeRoom(step.count));
      RETURN_IF_ERROR(Act(step), "bringing unread event ", step.first, " about");
    }
    if (!overflowed_) RETURN_IF_ERROR(Overflow());
    return TakeDown();
  }

 private:
  // As full as it is to be before the overflow.
  Status FillUp() {
    ASSIGN_OR_RETURN(const size_t limit, QueueLimit());
    has_overflow_ = FindOverflow(events_) < events_.size();
    overflow_ = has_overflow_ ? FindOverflow(events_) : 0;
    const size_t after = events_.size() - overflow_ - (has_overflow_ ? 1 : 0);
    if (overflow_ > limit || (after > 0 && after + 1 > limit - overflow_))
      return Error(ErrorCode::kUnsupported,
                   StrCat("the job has ", events_.size(),
                          " unread events of one inotify instance, more than "
                          "fs.inotify.max_queued_events (",
                          limit, ") here allows; set it to ", events_.size() + 2));
    fillers_ = limit - overflow_;
    RETURN_IF_ERROR(filler_.Start());
    RETURN_IF_ERROR(filler_.Push(fillers_));
    if (!has_overflow_) return Overflow();
    return Ok();
  }

  // The queue is full: one event more is IN_Q_OVERFLOW, and all after that are dropped.
  Status Overflow() {
    overflowed_ = true;
    full_by_ = 1;
    return filler_.Push(1);
  }

  Status MakeRoom(size_t count) {
    const size_t taken = full_by_ + count;
    full_by_ = 0;
    if (taken > fillers_) return Error(ErrorCode::kInternal, "no room in an inotify queue");
    fillers_ -= taken;
    return filler_.Pop(taken);
  }

  // Full as the queue is, that the watches go is not reported.
  Status TakeDown() {
    for (const auto& [wd, watch] : watches_) inotify_rm_watch(fd_, wd);
    filler_.Stop();
    RETURN_IF_ERROR(filler_.Pop(fillers_ + (has_overflow_ ? 0 : 1)));
    ASSIGN_OR_RETURN(const size_t bytes, UnreadBytes(fd_));
    const size_t wanted = ReadBytes({events_.begin(), events_.end()});
    if (bytes == wanted) return Ok();
    return Error(ErrorCode::kUnsupported,
                 StrCat("bringing unread events of an inotify instance about gave ", bytes,
                        " bytes, not ", wanted));
  }

  Status Act(const Step& step) {
    const EventState& event = events_[step.first];
    ASSIGN_OR_RETURN(ScratchWatch* const watch, WatchFor(step.first));
    if (event.cookie != 0 && step.count == 2) {
      ASSIGN_OR_RETURN(ScratchWatch* const other, WatchFor(step.first + 1));
      return ScratchWatch::ActPair(*watch, event, *other, events_[step.first + 1]);
    }
    RETURN_IF_ERROR(watch->Act(event));
    constexpr uint32_t kLast = IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED;
    if ((event.mask & kLast) != 0) watches_.erase(event.wd);
    return Ok();
  }

  // What the events of one watch say of what it is on, until it ends.
  Result<ScratchWatch*> WatchFor(size_t index) {
    const int32_t wd = events_[index].wd;
    bool is_directory = false, is_unmounted = false;
    for (size_t i = index; i < events_.size(); ++i) {
      const EventState& event = events_[i];
      if (event.wd != wd) continue;
      is_directory = is_directory || !event.name.empty() || (event.mask & IN_ISDIR) != 0;
      is_unmounted = is_unmounted || (event.mask & IN_UNMOUNT) != 0;
      if ((event.mask & (IN_IGNORED | IN_DELETE_SELF | IN_UNMOUNT)) != 0) break;
    }
    auto at = watches_.find(wd);
    if (at == watches_.end()) {
      ASSIGN_OR_RETURN(ScratchWatch made, ScratchWatch::Add(fd_, wd, is_directory,
                                                            is_unmounted ? nullptr : &scratch_));
      at = watches_.emplace(wd, std::move(made)).first;
    }
    RETURN_IF_ERROR(CheckType(events_[index], at->second));
    return &at->second;
  }

  static Status CheckType(const EventState& event, const ScratchWatch& watch) {
    constexpr uint32_t kOfAny = IN_MOVE_SELF | IN_DELETE_SELF | IN_IGNORED;
    const bool of_directory = !event.name.empty() || (event.mask & IN_ISDIR) != 0;
    if (of_directory == watch.is_directory() || (event.mask & kOfAny) != 0) return Ok();
    return Error(ErrorCode::kBadImage,
                 StrCat("inotify.events: watch ", event.wd, " is on a file and on a directory"));
  }

  int fd_;
  std::span<const EventState> events_;
  ScratchDirectory scratch_;
  Filler filler_;
  std::map<int32_t, ScratchWatch> watches_;
  size_t overflow_ = 0;        // Index of the overflow, or where one is put for the time being.
  bool has_overflow_ = false;  // Among the events.
  bool overflowed_ = false;
  size_t full_by_ = 0;  // Events more than there is room for.
  size_t fillers_ = 0;
};

}  // namespace

Status SetNextWatch(int fd, int32_t wd) {
  if (ioctl(fd, kSetNextWatch, static_cast<long>(wd)) == 0) return Ok();
  return Error::Errno("choosing the number of an inotify watch (INOTIFY_IOC_SETNEXTWD)");
}

Status ProvokeEvents(int fd, std::span<const EventState> events) {
  if (events.empty()) return Ok();
  ASSIGN_OR_RETURN(ScratchDirectory scratch, ScratchDirectory::Make(/*own_mount=*/false));
  return Provoker(fd, events, std::move(scratch)).Run();
}

}  // namespace tardigrade::inotify
