#include "plugins/thread_settings/thread_settings_kind.h"

#include <asm/prctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/thread_settings/thread_settings_state.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade::thread_settings {
namespace {

// include/uapi/linux/prctl.h of newer kernels, and asm/prctl.h.
constexpr int kPrSetIoFlusher = 57;
constexpr int kPrGetIoFlusher = 58;
constexpr int kPrSchedCore = 62;
constexpr int kSchedCoreGet = 0;
constexpr int kArchGetCpuid = 0x1011;
constexpr int kArchSetCpuid = 0x1012;

constexpr uint32_t kAskPersonality = 0xffffffff;
constexpr const char* kSpeculation[] = {"store bypass", "indirect branch", "L1D flush"};

// Ops of AddQueries(), from its first.
enum Query : size_t {
  kName,
  kSlack,
  kDeathSignal,
  kPersonality,
  kTsc,
  kMce,
  kCpuid,
  kFlusher,
  kFirstSpeculation
};

// Sets only what the task may choose, and what differs from the default.
void PlanSpeculation(const ThreadSettingsState& state, SyscallPlan& plan) {
  for (size_t which = 0; which < state.speculation.size(); ++which) {
    const uint32_t control = state.speculation[which].value_or(0);
    if ((control & PR_SPEC_PRCTL) == 0) continue;
    plan.Ask(StrCat("restoring speculation control of ", kSpeculation[which]), SYS_prctl,
             {PR_SET_SPECULATION_CTRL, which, control & ~uint32_t{PR_SPEC_PRCTL}, 0, 0});
  }
}

}  // namespace

Status ThreadSettingsKind::Check(const TaskFacts& task) const {
  const Result<std::string_view> features = StatusField(task.status, "x86_Thread_features");
  if (features.has_value() && features.value().find("shstk") != std::string_view::npos)
    return Error(
        ErrorCode::kUnsupported,
        StrCat("its thread ", task.inner_tid, " has a shadow stack, which cannot be saved yet; ",
               "start it with GLIBC_TUNABLES=glibc.cpu.hwcaps=-SHSTK"));
  const Result<std::string_view> mask = StatusField(task.status, "untag_mask");
  if (mask.has_value() && mask.value() != "0xffffffffffffffff")
    return Error(ErrorCode::kUnsupported,
                 StrCat("it uses linear address masking (untag mask ", mask.value(),
                        "), which cannot be saved; start it without"));
  uint64_t cookie = 0;
  if (prctl(kPrSchedCore, kSchedCoreGet, task.tid, 0 /* PIDTYPE_PID */, &cookie) == 0 &&
      cookie != 0)
    return Error(ErrorCode::kUnsupported, StrCat("its thread ", task.inner_tid,
                                                 " has a core scheduling cookie (PR_SCHED_CORE), ",
                                                 "which cannot be saved; start it without"));
  return Ok();
}

size_t ThreadSettingsKind::AddQueries(const TaskFacts&, SyscallPlan& plan) const {
  const size_t first = plan.Add("PR_GET_NAME", SYS_prctl, {PR_GET_NAME, Arg::Out(16)});
  plan.Add("PR_GET_TIMERSLACK", SYS_prctl, {PR_GET_TIMERSLACK});
  plan.Add("PR_GET_PDEATHSIG", SYS_prctl, {PR_GET_PDEATHSIG, Arg::Out(4)});
  plan.Add("asking for the personality", SYS_personality, {kAskPersonality});
  plan.Ask("PR_GET_TSC", SYS_prctl, {PR_GET_TSC, Arg::Out(4)});
  plan.Add("PR_MCE_KILL_GET", SYS_prctl, {PR_MCE_KILL_GET, 0, 0, 0, 0});
  plan.Ask("ARCH_GET_CPUID", SYS_arch_prctl, {kArchGetCpuid, 0});
  plan.Ask("PR_GET_IO_FLUSHER", SYS_prctl, {kPrGetIoFlusher, 0, 0, 0, 0});
  for (size_t which = 0; which < std::size(kSpeculation); ++which)
    plan.Ask("PR_GET_SPECULATION_CTRL", SYS_prctl, {PR_GET_SPECULATION_CTRL, which, 0, 0, 0});
  return first;
}

Result<Value> ThreadSettingsKind::Collect(const TaskFacts&, const Outcome& answers, size_t first,
                                          CollectContext&) const {
  ThreadSettingsState state;
  state.name = answers.Output<std::array<uint8_t, 16>>(first + kName, 1);
  state.timer_slack_ns = static_cast<uint64_t>(answers.result(first + kSlack));
  state.parent_death_signal = answers.Output<int32_t>(first + kDeathSignal, 1);
  state.personality = static_cast<uint32_t>(answers.result(first + kPersonality));
  if (answers.result(first + kTsc) == 0) state.tsc = answers.Output<int32_t>(first + kTsc, 1);
  state.mce_kill = static_cast<int32_t>(answers.result(first + kMce));
  state.cpuid_faults = answers.result(first + kCpuid) == 0;
  // EPERM without CAP_SYS_RESOURCE, which setting it needs too.
  state.io_flusher = answers.result(first + kFlusher) == 1;
  for (size_t which = 0; which < state.speculation.size(); ++which) {
    const int64_t control = answers.result(first + kFirstSpeculation + which);
    if (control >= 0) state.speculation[which] = static_cast<uint32_t>(control);
  }
  return Encode(state);
}

Status ThreadSettingsKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const auto state, Decode<ThreadSettingsState>(value, "thread_settings"));
  SyscallPlan& steps = plan[Phase::kThread];
  steps.Add("restoring the thread's name", SYS_prctl, {PR_SET_NAME, Arg::Copy(state.name)});
  if (state.timer_slack_ns != 0)
    steps.Add("PR_SET_TIMERSLACK", SYS_prctl, {PR_SET_TIMERSLACK, state.timer_slack_ns});
  steps.Add("restoring the personality", SYS_personality, {state.personality});
  if (state.tsc != PR_TSC_ENABLE) steps.Add("PR_SET_TSC", SYS_prctl, {PR_SET_TSC, state.tsc});
  steps.Add("PR_MCE_KILL", SYS_prctl, {PR_MCE_KILL, PR_MCE_KILL_SET, state.mce_kill, 0, 0});
  if (state.cpuid_faults) steps.Add("making CPUID fault", SYS_arch_prctl, {kArchSetCpuid, 0});
  if (state.io_flusher)
    steps.Add("PR_SET_IO_FLUSHER (needs CAP_SYS_RESOURCE)", SYS_prctl,
              {kPrSetIoFlusher, 1, 0, 0, 0});
  PlanSpeculation(state, steps);
  // Changing credentials clears it: kernel/cred.c, commit_creds().
  plan[Phase::kArm].Add("PR_SET_PDEATHSIG", SYS_prctl,
                        {PR_SET_PDEATHSIG, state.parent_death_signal});
  return Ok();
}

}  // namespace tardigrade::thread_settings
