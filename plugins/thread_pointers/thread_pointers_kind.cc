#include "plugins/thread_pointers/thread_pointers_kind.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/thread_pointers/thread_pointers_state.h"

namespace tardigrade::thread_pointers {
namespace {

constexpr uint32_t kAutodisarm = 1U << 31;  // SS_AUTODISARM
constexpr uint32_t kStackFlags = SS_DISABLE | kAutodisarm;

struct KernelStack {  // stack_t
  uint64_t address;
  uint32_t flags;
  uint32_t padding;
  uint64_t bytes;
};

}  // namespace

size_t ThreadPointersKind::AddQueries(const TaskFacts&, SyscallPlan& plan) const {
  const size_t first =
      plan.Add("asking for the signal stack", SYS_sigaltstack, {0, Arg::Out(sizeof(KernelStack))});
  plan.Add("PR_GET_TID_ADDRESS", SYS_prctl, {PR_GET_TID_ADDRESS, Arg::Out(8)});
  return first;
}

Result<Value> ThreadPointersKind::Collect(const TaskFacts& task, const Outcome& answers,
                                          size_t first, CollectContext&) const {
  const auto stack = answers.Output<KernelStack>(first, 1);
  ThreadPointersState state{.signal_stack = stack.address,
                            .signal_stack_bytes = stack.bytes,
                            // SS_ONSTACK tells where the asking code's stack pointer was.
                            .signal_stack_flags = stack.flags & kStackFlags,
                            .robust_list = 0,
                            .robust_list_bytes = 0,
                            .clear_child_tid = answers.Output<uint64_t>(first + 1, 1)};
  if (syscall(SYS_get_robust_list, task.tid, &state.robust_list, &state.robust_list_bytes) != 0)
    return Error::Errno("asking for the robust list of thread ", task.tid);
  return Encode(state);
}

Status ThreadPointersKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const auto state, Decode<ThreadPointersState>(value, "thread_pointers"));
  if ((state.signal_stack_flags & ~kStackFlags) != 0)
    return Error(ErrorCode::kBadImage, "thread_pointers.signal_stack_flags has unknown flags");
  SyscallPlan& steps = plan[Phase::kThread];
  const KernelStack stack{state.signal_stack, state.signal_stack_flags, 0,
                          state.signal_stack_bytes};
  steps.Add("restoring the signal stack", SYS_sigaltstack, {Arg::Copy(stack), 0});
  steps.Add("restoring the robust list", SYS_set_robust_list,
            {state.robust_list, state.robust_list_bytes});
  steps.Add("restoring the address to clear at the end", SYS_set_tid_address,
            {state.clear_child_tid});
  return Ok();
}

}  // namespace tardigrade::thread_pointers
