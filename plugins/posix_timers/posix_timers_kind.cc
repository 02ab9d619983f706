#include "plugins/posix_timers/posix_timers_kind.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>

#include "plugins/posix_timers/posix_timers_plan.h"
#include "plugins/posix_timers/posix_timers_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/resource/timer_signals.h"

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

// Whether a signal that is taken from the queue may be put back.
bool HasRoomInQueue(const TaskFacts& task) {
  const Result<std::string_view> field = StatusField(task.status, "SigQ");
  uint64_t used = 0, limit = 0;
  return field.has_value() &&
         std::sscanf(std::string(field.value()).c_str(), "%" SCNu64 "/%" SCNu64, &used, &limit) ==
             2 &&
         used < limit;
}

// The timers of which AddQueries() takes the pending signals.
std::map<int32_t, TimerSignals> TakenFrom(const TaskFacts& task) {
  if (!task.is_to_end || !HasRoomInQueue(task)) return {};
  return LoneTimerSignals(task.process_pending);
}

// How many overruns a signal tells is worked out when it is taken from the queue, and kept nowhere
// before (kernel/time/posix-timers.c, common_hrtimer_rearm()).  So each is taken, and put back at
// once with what it says.  If the job goes on in spite of all it has that, and the timer counts
// from there on: it may get a second signal, but their numbers add up.  A signal of before the
// timer was set is not given to anybody (Linux 6.13), and there is nothing to put back.
constexpr size_t kTakeOps = 2;
void AddTaking(const TimerState& timer, size_t signals, SyscallPlan& plan) {
  const uint64_t set = uint64_t{1} << (timer.signal - 1);
  const std::string label = StrCat("asking for what POSIX timer ", timer.id, " has pending");
  const size_t pid = plan.Add(label, SYS_getpid, {});
  for (size_t i = 0; i < signals; ++i) {
    const size_t taken = plan.Ask(
        label, SYS_rt_sigtimedwait,
        {Arg::Copy(set), Arg::Out(sizeof(siginfo_t)), Arg::Out(sizeof(timespec)), sizeof(set)});
    plan.Ask(label, SYS_rt_sigqueueinfo,
             {Arg::ResultOf(pid), Arg::ResultOf(taken), Arg::Within(taken, 1, 0)});
  }
}

// As many expirations as signals and overruns, told of by one signal.
void NotePending(int64_t count, int64_t overruns, TimerState& timer) {
  timer.pending_overrun.reset();
  if (count > 0)
    timer.pending_overrun =
        static_cast<int32_t>(std::min<int64_t>(count + overruns - 1, INT32_MAX));
}

// `op`: AddTaking()'s first.
void NoteTaken(const Outcome& answers, size_t op, size_t signals, TimerState& timer) {
  int64_t count = 0, overruns = 0;
  for (size_t taken = op + 1; signals > 0; --signals, taken += kTakeOps) {
    if (answers.result(taken) != timer.signal) continue;
    ++count;
    overruns += std::max(answers.Output<siginfo_t>(taken, 1).si_overrun, 0);
  }
  NotePending(count, overruns, timer);
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
  const std::map<int32_t, TimerSignals> taken_from = TakenFrom(task);
  for (const TimerState& timer : timers.value()) {
    if (const auto it = taken_from.find(timer.id); it != taken_from.end())
      AddTaking(timer, it->second.count, plan);
    plan.Add(StrCat("asking for the time of POSIX timer ", timer.id), SYS_timer_gettime,
             {timer.id, Arg::Out(sizeof(itimerspec))});
    plan.Add(StrCat("asking for the overrun of POSIX timer ", timer.id), SYS_timer_getoverrun,
             {timer.id});
  }
  return first;
}

Result<Value> PosixTimersKind::Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                                       CollectContext& context) const {
  PosixTimersState state;
  ASSIGN_OR_RETURN(state.timers, ReadTimers(task));
  size_t op = first;
  const std::map<int32_t, TimerSignals> pending = LoneTimerSignals(task.process_pending);
  const std::map<int32_t, TimerSignals> taken_from = TakenFrom(task);
  for (TimerState& timer : state.timers) {
    if (const auto it = taken_from.find(timer.id); it != taken_from.end()) {
      NoteTaken(answers, op, it->second.count, timer);
      op += 1 + kTakeOps * it->second.count;
    } else if (const auto it = pending.find(timer.id); it != pending.end()) {
      NotePending(static_cast<int64_t>(it->second.count), it->second.overruns, timer);
    }
    const auto spec = answers.Output<itimerspec>(op, 1);
    timer.left_ns = ToNs(spec.it_value);
    timer.interval_ns = ToNs(spec.it_interval);
    timer.overrun = answers.result(op + 1);
    op += 2;
    if (timer.pending_overrun && !taken_from.contains(timer.id) && timer.interval_ns != 0)
      context.Warn(
          StrCat("POSIX timer ", timer.id,
                 " has a signal pending; the kernel tells how often it "
                 "has expired since then only to who takes the signal, which is left to the job: "
                 "restored, it counts from the last time on"));
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
  for (const TimerState& timer : state.timers) PlanArming(timer, plan[Phase::kArm]);
  return Ok();
}

}  // namespace tardigrade::posix_timers
