#include "plugins/pending_signals/pending_signals_kind.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <bit>
#include <map>

#include "plugins/pending_signals/pending_signals_state.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/resource/timer_signals.h"

namespace tardigrade::pending_signals {
namespace {

constexpr int kBatch = 64;
constexpr int kLastSignal = 64;
constexpr uint32_t kPeekShared = 1;  // PTRACE_PEEKSIGINFO_SHARED

static_assert(sizeof(SignalInfo) == sizeof(siginfo_t));

struct PeekArgs {  // struct ptrace_peeksiginfo_args
  uint64_t offset;
  uint32_t flags;
  int32_t count;
};

int SignalOf(const SignalInfo& info) { return std::bit_cast<siginfo_t>(info).si_signo; }

Result<std::vector<SignalInfo>> Peek(pid_t tid, uint32_t flags) {
  std::vector<SignalInfo> signals;
  for (;;) {
    PeekArgs args{.offset = signals.size(), .flags = flags, .count = kBatch};
    SignalInfo batch[kBatch];
    const long got = ptrace(PTRACE_PEEKSIGINFO, tid, &args, batch);
    if (got < 0) return Error::Errno("reading the pending signals of thread ", tid);
    signals.insert(signals.end(), batch, batch + got);
    if (got < kBatch) return signals;
  }
}

// Adds the signals of `mask` for which the kernel had no room in the queue: it keeps their bit
// only, and delivers them as collect_signal() in kernel/signal.c does, with an empty SI_USER
// siginfo.
void AddUnqueued(uint64_t mask, std::vector<SignalInfo>& signals) {
  for (const SignalInfo& info : signals) mask &= ~(uint64_t{1} << (SignalOf(info) - 1));
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    if ((mask >> (signal - 1) & 1) == 0) continue;
    siginfo_t info{};
    info.si_signo = signal;
    signals.push_back(std::bit_cast<SignalInfo>(info));
  }
}

// The timer may have expired once more since its signal was seen.
void LeaveToTimers(const TaskFacts& task, uint64_t& mask, std::vector<SignalInfo>& signals) {
  const std::map<int32_t, TimerSignals> timers = LoneTimerSignals(task.process_pending);
  std::erase_if(signals, [&](const SignalInfo& saved) {
    const auto info = std::bit_cast<siginfo_t>(saved);
    const bool leave = info.si_code == SI_TIMER && timers.contains(info.si_timerid);
    if (leave) mask &= ~(uint64_t{1} << (info.si_signo - 1));
    return leave;
  });
}

Result<Value> CollectQueue(const TaskFacts& task, uint32_t flags, std::string_view mask_key,
                           CollectContext& context) {
  PendingSignalsState state;
  ASSIGN_OR_RETURN(state.signals, Peek(task.tid, flags));
  ASSIGN_OR_RETURN(uint64_t mask, StatusNumber(task.status, mask_key, 16));
  if (flags == kPeekShared) LeaveToTimers(task, mask, state.signals);
  AddUnqueued(mask, state.signals);
  const size_t stops = std::erase_if(
      state.signals, [](const SignalInfo& info) { return SignalOf(info) == SIGSTOP; });
  if (stops != 0)
    context.Warn(
        StrCat("a SIGSTOP was on its way to thread ", task.inner_tid, ": it is not saved"));
  return Encode(state);
}

// What may be sent to oneself; SI_TIMER carries a word of the kernel's own that must not come back.
Result<siginfo_t> Sendable(const SignalInfo& saved) {
  siginfo_t info = std::bit_cast<siginfo_t>(saved);
  if (info.si_signo < 1 || info.si_signo > kLastSignal || info.si_signo == SIGKILL ||
      info.si_signo == SIGSTOP)
    return Error(ErrorCode::kBadImage, StrCat("a pending signal is ", info.si_signo));
  constexpr size_t kTimerPrivate =
      32;  // Offset of _timer._sys_private, include/uapi/asm-generic/siginfo.h.
  if (info.si_code == SI_TIMER)
    std::memset(reinterpret_cast<char*>(&info) + kTimerPrivate, 0, sizeof(int));
  return info;
}

}  // namespace

Result<Value> ProcessPendingSignalsKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                                 CollectContext& context) const {
  return CollectQueue(task, kPeekShared, "ShdPnd", context);
}

Result<Value> ThreadPendingSignalsKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                                CollectContext& context) const {
  return CollectQueue(task, 0, "SigPnd", context);
}

// To oneself any siginfo may be sent: do_rt_sigqueueinfo() in kernel/signal.c.
Status ProcessPendingSignalsKind::Restore(const Value& value, const RestoreFacts&,
                                          TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const auto state, Decode<PendingSignalsState>(value, "pending_signals"));
  if (state.signals.empty()) return Ok();
  SyscallPlan& steps = plan[Phase::kArm];
  const size_t pid = steps.Add("asking for the pid", SYS_getpid, {});
  for (const SignalInfo& saved : state.signals) {
    ASSIGN_OR_RETURN(const siginfo_t info, Sendable(saved));
    steps.Add(StrCat("sending pending signal ", info.si_signo, " (limited by RLIMIT_SIGPENDING)"),
              SYS_rt_sigqueueinfo, {Arg::ResultOf(pid), info.si_signo, Arg::Copy(info)});
  }
  return Ok();
}

Status ThreadPendingSignalsKind::Restore(const Value& value, const RestoreFacts&,
                                         TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const auto state, Decode<PendingSignalsState>(value, "thread_pending_signals"));
  if (state.signals.empty()) return Ok();
  SyscallPlan& steps = plan[Phase::kArm];
  const size_t pid = steps.Add("asking for the pid", SYS_getpid, {});
  const size_t tid = steps.Add("asking for the thread id", SYS_gettid, {});
  for (const SignalInfo& saved : state.signals) {
    ASSIGN_OR_RETURN(const siginfo_t info, Sendable(saved));
    steps.Add(StrCat("sending pending signal ", info.si_signo, " (limited by RLIMIT_SIGPENDING)"),
              SYS_rt_tgsigqueueinfo,
              {Arg::ResultOf(pid), Arg::ResultOf(tid), info.si_signo, Arg::Copy(info)});
  }
  return Ok();
}

}  // namespace tardigrade::pending_signals
