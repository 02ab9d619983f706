#include "plugins/timerfd/timerfd_kind.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "plugins/timerfd/timerfd_state.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::timerfd {
namespace {

// include/uapi/linux/timerfd.h; glibc's <sys/timerfd.h> lacks it.
constexpr uint32_t kTfdIocSetTicks = _IOW('T', 0, uint64_t);
constexpr int64_t kNsPerSecond = 1'000'000'000;

timespec ToTimespec(int64_t ns) {
  return {.tv_sec = ns / kNsPerSecond, .tv_nsec = ns % kNsPerSecond};
}

int64_t Now(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

// A periodic timer that has expired is not started again before somebody looks: fdinfo shows no
// time left, like a disarmed one.  timerfd_gettime(2) makes it catch up, as a read would, and
// loses nothing: the missed expirations become unread ones.  do_timerfd_gettime(), fs/timerfd.c.
Result<TimerfdState> ReadTimer(const FdFacts& file) {
  ASSIGN_OR_RETURN(const TimerfdState state, ParseTimerfd(file.info));
  if (state.remaining_ns != 0 || state.interval_ns == 0) return state;
  itimerspec ignored = {};
  if (timerfd_gettime(file.local_fd, &ignored) != 0) return Error::Errno("timerfd_gettime");
  ASSIGN_OR_RETURN(const std::string text, ReadFile(StrCat("/proc/self/fdinfo/", file.local_fd)));
  ASSIGN_OR_RETURN(const FdInfo info, ParseFdInfo(text));
  return ParseTimerfd(info);
}

}  // namespace

Status TimerfdKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return Ok();
}

Result<Value> TimerfdKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                   CollectContext&) const {
  ASSIGN_OR_RETURN(TimerfdState state, ReadTimer(file), "reading timerfd ", file.fd);
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  const bool wall_clock = state.clock == CLOCK_REALTIME || state.clock == CLOCK_REALTIME_ALARM;
  if (state.remaining_ns != 0 && wall_clock && (state.settime_flags & TFD_TIMER_ABSTIME) != 0) {
    const int64_t now_ns = Now(CLOCK_REALTIME);
    state.deadline_ns =
        state.remaining_ns > INT64_MAX - now_ns ? INT64_MAX : now_ns + state.remaining_ns;
  }
  return Encode(state);
}

Result<ScopedFd> TimerfdKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const TimerfdState state, Decode<TimerfdState>(value, "timerfd"));
  ScopedFd fd(timerfd_create(state.clock, TFD_CLOEXEC));
  if (!fd.valid()) return Error::Errno("making a timerfd on clock ", state.clock);
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status TimerfdKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const TimerfdState state, Decode<TimerfdState>(value, "timerfd"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  const bool absolute = state.deadline_ns != 0;
  const itimerspec when{.it_interval = ToTimespec(state.interval_ns),
                        .it_value = ToTimespec(absolute ? state.deadline_ns : state.remaining_ns)};
  const uint32_t flags = absolute ? state.settime_flags : 0;
  // Settime clears the expirations, so it goes first.
  if (state.remaining_ns != 0)
    plan.Add(StrCat("arming timerfd ", fd), SYS_timerfd_settime, {fd, flags, Arg::Copy(when), 0});
  if (state.unread_expirations != 0)
    plan.Add(StrCat("giving timerfd ", fd, " its unread expirations"), SYS_ioctl,
             {fd, kTfdIocSetTicks, Arg::Copy(state.unread_expirations)});
  return Ok();
}

}  // namespace tardigrade::timerfd
