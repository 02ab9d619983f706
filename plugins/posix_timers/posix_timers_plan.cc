#include "plugins/posix_timers/posix_timers_plan.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <cstddef>

namespace tardigrade::posix_timers {
namespace {

constexpr int kPrTimerCreateRestoreIds = 77;  // include/uapi/linux/prctl.h
constexpr int kRestoreIdsOff = 0;
constexpr int kRestoreIdsOn = 1;

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kLongestNs = int64_t{1} << 61;  // So that no sum of two overflows.

// Older kernels hand ids out one after the other, so each unused one below the highest costs two
// calls.
constexpr int32_t kHighestIdByCounting = 100'000;

struct KernelSigevent {  // struct sigevent
  uint64_t value;
  int32_t signal;
  int32_t notify;
  int32_t thread;
  int32_t padding[11];
};
static_assert(sizeof(KernelSigevent) == 64);

KernelSigevent ToSigevent(const TimerState& timer) {
  KernelSigevent event{};
  event.value = timer.value;
  event.signal = timer.signal;
  event.notify = timer.notify;
  event.thread = (timer.notify & SIGEV_THREAD_ID) != 0 ? timer.thread : 0;
  return event;
}

void PlanCreation(const TimerState& timer, SyscallPlan& plan) {
  plan.Add(StrCat("creating POSIX timer ", timer.id), SYS_timer_create,
           {timer.clock, Arg::Copy(ToSigevent(timer)), Arg::Copy(timer.id)});
  // Fails unless there is a timer of this id.
  plan.Add(StrCat("looking for POSIX timer ", timer.id), SYS_timer_getoverrun, {timer.id});
}

timespec ToTimespec(int64_t ns) {
  return {.tv_sec = ns / kNsPerSecond, .tv_nsec = ns % kNsPerSecond};
}

// Whether an absolute time means the same as a relative one: the others follow the wall clock only
// when armed with an absolute one (kernel/time/posix-timers.c, common_hrtimer_arm()), or run anew
// in another process.
bool CountsSteadily(const TimerState& timer) {
  return timer.clock == CLOCK_MONOTONIC || timer.clock == CLOCK_BOOTTIME;
}

// For the time at which its pending signal was due: it expires at once, and whoever takes the
// signal is told how many intervals have gone by since (common_hrtimer_rearm()).
void PlanExpiry(const TimerState& timer, SyscallPlan& plan) {
  struct {
    timespec now;
    itimerspec setting;
  } times = {};
  times.setting.it_interval = ToTimespec(timer.interval_ns);
  const __int128 ago =
      (static_cast<__int128>(*timer.pending_overrun) + 1) * timer.interval_ns - timer.left_ns;
  const auto ago_ns = static_cast<int64_t>(std::clamp<__int128>(ago, 0, kLongestNs));
  const std::string label = StrCat("letting POSIX timer ", timer.id, " expire");
  const size_t now = plan.Add(label, SYS_clock_gettime, {timer.clock, Arg::Copy(times)});
  plan.Add(label, protocol::kMoveTimeOp,
           {Arg::Within(now, 1, sizeof(timespec) + offsetof(itimerspec, it_value)),
            Arg::Within(now, 1, 0), -ago_ns, timer.interval_ns});
  plan.Add(label, SYS_timer_settime,
           {timer.id, TIMER_ABSTIME, Arg::Within(now, 1, sizeof(timespec)), 0});
}

// The kernel takes it for the timer's own but for timer_getoverrun(2).
void PlanSignal(const TimerState& timer, SyscallPlan& plan) {
  siginfo_t info = {};
  info.si_signo = timer.signal;
  info.si_code = SI_TIMER;
  info.si_timerid = timer.id;
  info.si_overrun = *timer.pending_overrun;
  info.si_value.sival_ptr = reinterpret_cast<void*>(timer.value);
  const size_t pid = plan.Add("asking for the pid", SYS_getpid, {});
  plan.Add(StrCat("sending the signal of POSIX timer ", timer.id), SYS_rt_sigqueueinfo,
           {Arg::ResultOf(pid), timer.signal, Arg::Copy(info)});
}

}  // namespace

void PlanArming(const TimerState& timer, SyscallPlan& plan) {
  if (timer.pending_overrun && timer.interval_ns != 0 && CountsSteadily(timer))
    return PlanExpiry(timer, plan);
  if (timer.pending_overrun) PlanSignal(timer, plan);
  if (timer.left_ns == 0) return;
  const itimerspec spec{.it_interval = ToTimespec(timer.interval_ns),
                        .it_value = ToTimespec(timer.left_ns)};
  plan.Add(StrCat("arming POSIX timer ", timer.id), SYS_timer_settime,
           {timer.id, 0, Arg::Copy(spec), 0});
}

void PlanById(const PosixTimersState& state, SyscallPlan& plan) {
  plan.Add("choosing the ids of POSIX timers", SYS_prctl,
           {kPrTimerCreateRestoreIds, kRestoreIdsOn, 0, 0, 0});
  for (const TimerState& timer : state.timers) PlanCreation(timer, plan);
  plan.Add("choosing the ids of POSIX timers no longer", SYS_prctl,
           {kPrTimerCreateRestoreIds, kRestoreIdsOff, 0, 0, 0});
}

Status PlanByCounting(const PosixTimersState& state, SyscallPlan& plan) {
  int32_t next = 0;
  for (const TimerState& timer : state.timers) {
    if (timer.id > kHighestIdByCounting)
      return Error(ErrorCode::kUnsupported,
                   StrCat("POSIX timer ", timer.id, " cannot be given its id on this kernel; ",
                          "restore on Linux 6.15 or newer"));
    for (; next < timer.id; ++next) {
      const KernelSigevent none{
          .value = 0, .signal = 0, .notify = SIGEV_NONE, .thread = 0, .padding = {}};
      plan.Add("using up a timer id", SYS_timer_create,
               {CLOCK_MONOTONIC, Arg::Copy(none), Arg::Out(4)});
      plan.Add(StrCat("giving back timer id ", next), SYS_timer_delete, {next});
    }
    PlanCreation(timer, plan);
    next = timer.id + 1;
  }
  return Ok();
}

}  // namespace tardigrade::posix_timers
