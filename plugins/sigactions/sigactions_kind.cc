#include "plugins/sigactions/sigactions_kind.h"

#include <signal.h>
#include <sys/syscall.h>

#include <array>

#include "plugins/sigactions/sigactions_state.h"

namespace tardigrade::sigactions {
namespace {

constexpr int kLastSignal = 64;
constexpr size_t kMaskBytes = 8;

// struct sigaction as the kernel has it on x86-64: arch/x86/include/uapi/asm/signal.h.
struct KernelSigaction {
  uint64_t handler;
  uint64_t flags;
  uint64_t restorer;
  uint64_t mask;
};

bool HasHandler(int signal) { return signal != SIGKILL && signal != SIGSTOP; }

}  // namespace

size_t SigactionsKind::AddQueries(const TaskFacts&, SyscallPlan& plan) const {
  const size_t first = plan.size();
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    if (HasHandler(signal))
      plan.Add(StrCat("asking for the handler of signal ", signal), SYS_rt_sigaction,
               {signal, 0, Arg::Out(sizeof(KernelSigaction)), kMaskBytes});
  }
  return first;
}

Result<Value> SigactionsKind::Collect(const TaskFacts&, const Outcome& answers, size_t first,
                                      CollectContext&) const {
  SigactionsState state;
  size_t op = first;
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    if (!HasHandler(signal)) continue;
    const auto action = answers.Output<KernelSigaction>(op++, 2);
    const ActionState saved{signal, action.handler, action.flags, action.restorer, action.mask};
    if (saved != ActionState{.signal = signal}) state.actions.push_back(saved);
  }
  return Encode(state);
}

Status SigactionsKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const SigactionsState state, Decode<SigactionsState>(value, "sigactions"));
  std::array<KernelSigaction, kLastSignal + 1> actions{};
  std::array<bool, kLastSignal + 1> seen{};
  for (const ActionState& action : state.actions) {
    const auto index = static_cast<size_t>(action.signal);
    if (!HasHandler(action.signal) || std::exchange(seen[index], true))
      return Error(ErrorCode::kBadImage, StrCat("sigactions: signal ", action.signal,
                                                " cannot have this handler or has two"));
    actions[index] = {action.handler, action.flags, action.restorer, action.mask};
  }
  // All of them: SIG_IGN is inherited from whoever started the restorer.
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    if (HasHandler(signal))
      plan[Phase::kProcess].Add(
          StrCat("restoring the handler of signal ", signal), SYS_rt_sigaction,
          {signal, Arg::Copy(actions[static_cast<size_t>(signal)]), 0, kMaskBytes});
  }
  return Ok();
}

}  // namespace tardigrade::sigactions
