#include "plugins/posix_timers/posix_timers_kind.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "plugins/posix_timers/posix_timers_plan.h"
#include "plugins/posix_timers/posix_timers_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade::posix_timers {
namespace {

// include/uapi/linux/prctl.h since 6.15.
constexpr int kPrTimerCreateRestoreIds = 77;
constexpr int kRestoreIdsGet = 2;

constexpr int64_t kNsPerSecond = 1'000'000'000;

Result<std::vector<TimerState>> ReadTimers(const TaskFacts& task) {
  const Result<std::string> text = ReadFile(StrCat("/proc/", task.pid, "/timers"));
  if (!text.has_value())
    return Error(ErrorCode::kUnsupported,
                 "this kernel does not tell a process's POSIX timers (CONFIG_CHECKPOINT_RESTORE)");
  return ParseTimers(text.value());
}

int64_t ToNs(timespec time) { return time.tv_sec * kNsPerSecond + time.tv_nsec; }
timespec ToTimespec(int64_t ns) {
  return {.tv_sec = ns / kNsPerSecond, .tv_nsec = ns % kNsPerSecond};
}

}  // namespace

Status PosixTimersKind::Check(const TaskFacts& task) const {
  ASSIGN_OR_RETURN(const std::vector<TimerState> timers, ReadTimers(task));
  ASSIGN_OR_RETURN(const uint64_t threads, StatusNumber(task.status, "Threads", 10));
  for (const TimerState& timer : timers)
    RETURN_IF_ERROR(CheckClock(timer, task.inner_pid, threads));
  return Ok();
}

size_t PosixTimersKind::AddQueries(const TaskFacts& task, SyscallPlan& plan) const {
  const size_t first = plan.size();
  const Result<std::vector<TimerState>> timers = ReadTimers(task);
  if (!timers.has_value()) return first;  // Collect() will say so.
  for (const TimerState& timer : timers.value()) {
    plan.Add(StrCat("asking for the time of POSIX timer ", timer.id), SYS_timer_gettime,
             {timer.id, Arg::Out(sizeof(itimerspec))});
    plan.Add(StrCat("asking for the overrun of POSIX timer ", timer.id), SYS_timer_getoverrun,
             {timer.id});
  }
  return first;
}

Result<Value> PosixTimersKind::Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                                       CollectContext&) const {
  PosixTimersState state;
  ASSIGN_OR_RETURN(state.timers, ReadTimers(task));
  size_t op = first;
  for (TimerState& timer : state.timers) {
    const auto spec = answers.Output<itimerspec>(op, 1);
    timer.left_ns = ToNs(spec.it_value);
    timer.interval_ns = ToNs(spec.it_interval);
    timer.overrun = answers.result(op + 1);
    op += 2;
    if ((timer.notify & SIGEV_THREAD_ID) == 0) {
      timer.thread = 0;
    } else {
      ASSIGN_OR_RETURN(timer.thread, ReadInnerTid(task.pid, timer.thread),
                       "a POSIX timer notifies thread ", timer.thread, ", which is gone");
    }
  }
  return Encode(state);
}

Status PosixTimersKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const auto state, Decode<PosixTimersState>(value, "posix_timers"));
  if (state.timers.empty()) return Ok();
  for (size_t i = 1; i < state.timers.size(); ++i) {
    if (state.timers[i].id <= state.timers[i - 1].id)
      return Error(ErrorCode::kBadImage, StrCat("posix_timers.timers[", i, "].id is out of order"));
  }
  if (prctl(kPrTimerCreateRestoreIds, kRestoreIdsGet, 0, 0, 0) >= 0) {
    PlanById(state, plan[Phase::kLimits]);
  } else {
    RETURN_IF_ERROR(PlanByCounting(state, plan[Phase::kLimits]));
  }
  for (const TimerState& timer : state.timers) {
    if (timer.left_ns == 0) continue;
    const itimerspec spec{.it_interval = ToTimespec(timer.interval_ns),
                          .it_value = ToTimespec(timer.left_ns)};
    plan[Phase::kArm].Add(StrCat("arming POSIX timer ", timer.id), SYS_timer_settime,
                          {timer.id, 0, Arg::Copy(spec), 0});
  }
  return Ok();
}

}  // namespace tardigrade::posix_timers
