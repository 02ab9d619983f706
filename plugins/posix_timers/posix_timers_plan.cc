#include "plugins/posix_timers/posix_timers_plan.h"

#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

namespace tardigrade::posix_timers {
namespace {

constexpr int kPrTimerCreateRestoreIds = 77;  // include/uapi/linux/prctl.h
constexpr int kRestoreIdsOff = 0;
constexpr int kRestoreIdsOn = 1;

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

}  // namespace

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
