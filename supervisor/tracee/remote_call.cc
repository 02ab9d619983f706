#include "supervisor/tracee/remote_call.h"

#include <cstring>
#include <vector>

#include "supervisor/tracee/arch/x86_64/injected_call.h"
#include "supervisor/tracee/arch/x86_64/signal_frame.h"
#include "supervisor/tracee/ptrace.h"
#include "supervisor/tracee/remote_memory.h"

namespace tardigrade {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr uint64_t kAllSignals = ~uint64_t{0};

// A complete way home.  Returns where the stack pointer of the call must be.
Result<uint64_t> WriteDeadFrame(pid_t pid, const FrozenThread& guide, const VisitPlan& plan) {
  const size_t mark_bytes = kDeadStackMark.size();
  std::vector<std::byte> bytes(plan.dead_stack.contents.size());
  std::memcpy(bytes.data(), kDeadStackMark.data(), mark_bytes);
  const arch::SignalFrameContents contents = {
      .registers = plan.ways_home[plan.guide].registers_call_anew,
      .extended_state = guide.extended_state,
      .signal_mask = guide.signal_mask};
  ASSIGN_OR_RETURN(
      const arch::SignalFramePlace place,
      arch::BuildSignalFrame(contents, plan.gadgets.SigreturnChain(), plan.dead_stack.start + mark_bytes,
                             std::span(bytes).subspan(mark_bytes)));
  RETURN_IF_ERROR(WriteTraceeMemory(pid, plan.dead_stack.start, bytes));
  return place.return_slot;
}

// Out of a syscall-stop: only in an event stop does the kernel look at an interrupted call again.
Status IntoEventStop(pid_t tid, Deadline deadline) {
  RETURN_IF_ERROR(ptrace::Interrupt(tid));
  RETURN_IF_ERROR(ptrace::Continue(tid));
  RETURN_IF_ERROR(ptrace::WaitEventStopUntil(tid, deadline));
  return Ok();
}

}  // namespace

Result<int64_t> StepOverCall(pid_t tid, Deadline deadline) {
  for (int syscall_stops = 0; syscall_stops < 2;) {
    RETURN_IF_ERROR(ptrace::ContinueToSyscall(tid));
    ASSIGN_OR_RETURN(const ptrace::WaitStatus stop, ptrace::WaitStopUntil(tid, deadline));
    if (stop.gone())
      return Error(ErrorCode::kTraceeGone, StrCat("thread ", tid, " ", stop.ToString()));
    if (stop.kind == ptrace::WaitStatus::Kind::kSyscallStop) ++syscall_stops;
  }
  ASSIGN_OR_RETURN(const arch::Registers after, ptrace::GetRegisters(tid));
  return arch::CallOf(after).result;
}

Status PutBack(const FrozenThread& home) {
  RETURN_IF_ERROR(ptrace::SetSignalMask(home.tid, home.signal_mask));
  return ptrace::SetRegisters(home.tid, home.registers);
}

Result<int64_t> RemoteCall(pid_t pid, const FrozenThread& guide, const VisitPlan& plan,
                           int64_t number, std::array<uint64_t, 3> arguments, Deadline deadline) {
  uint64_t instruction = plan.gadgets.syscall;
  uint64_t stack = arch::BelowRedZone(guide.registers);
  if (!plan.fragile) {
    ASSIGN_OR_RETURN(stack, WriteDeadFrame(pid, guide, plan));
    instruction = plan.gadgets.syscall_return;
  }
  RETURN_IF_ERROR(
      ptrace::SetRegisters(guide.tid, arch::CallAt(guide.registers, instruction, stack, number,
                                                   arguments[0], arguments[1], arguments[2])));
  // After the registers: these lead home with the old mask in the frame.
  RETURN_IF_ERROR(ptrace::SetSignalMask(guide.tid, kAllSignals));
  ASSIGN_OR_RETURN(const int64_t result, StepOverCall(guide.tid, deadline));
  RETURN_IF_ERROR(IntoEventStop(guide.tid, deadline));
  RETURN_IF_ERROR(PutBack(guide));
  if (!plan.fragile)
    RETURN_IF_ERROR(WriteTraceeMemory(pid, plan.dead_stack.start, plan.dead_stack.contents));
  return result;
}

}  // namespace tardigrade
