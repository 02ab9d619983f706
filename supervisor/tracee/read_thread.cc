#include "supervisor/tracee/read_thread.h"

#include <array>
#include <cstddef>

#include "supervisor/tracee/arch/x86_64/restarted_call.h"
#include "supervisor/tracee/arch/x86_64/timed_call.h"
#include "supervisor/tracee/arch/x86_64/way_home.h"
#include "supervisor/tracee/proc_status.h"
#include "supervisor/tracee/ptrace.h"
#include "supervisor/tracee/remote_memory.h"

namespace tardigrade {
namespace {

// include/uapi/linux/rseq.h
struct RseqCriticalSection {
  uint32_t version, flags;
  uint64_t start, post_commit_offset, abort;
};
constexpr uint64_t kRseqCsOffset = 8;  // Of struct rseq.

// The abort handler, if the thread is inside a restartable sequence.
Result<std::optional<uint64_t>> RseqAbort(pid_t tid, uint64_t program_counter) {
  using Answer = std::optional<uint64_t>;
  const auto config = ptrace::GetRseqConfiguration(tid);
  if (!config.has_value()) {
    if (config.error().code() == ErrorCode::kTraceeGone) return config.error();
    return Answer();  // A kernel without the request has (5.13) or without restartable sequences.
  }
  if (config.value().abi_pointer == 0) return Answer();
  // Nothing readable there is the program's own fault; the kernel will say so with SIGSEGV.
  const auto section_at =
      ReadTraceeObject<uint64_t>(tid, config.value().abi_pointer + kRseqCsOffset);
  if (!section_at.has_value() || section_at.value() == 0) return Answer();
  const auto section = ReadTraceeObject<RseqCriticalSection>(tid, section_at.value());
  if (!section.has_value()) return Answer();
  const bool inside = program_counter - section.value().start < section.value().post_commit_offset;
  return inside ? Answer(section.value().abort) : Answer();
}

// True if a signal that is pending can have interrupted the thread.
Result<bool> SignalIsDue(pid_t tid) {
  ASSIGN_OR_RETURN(const TraceeStatus status, ReadStatus(tid, tid));
  return ((status.pending | status.process_pending) & ~status.blocked & ~status.ignored) != 0;
}

}  // namespace

Status RepairStop(const SeizedThreads::Thread& seized) {
  ASSIGN_OR_RETURN(arch::Registers registers, ptrace::GetRegisters(seized.tid));
  bool repaired = false;
  if (arch::IsEintrOfStop(registers)) {
    ASSIGN_OR_RETURN(const bool signal_due, SignalIsDue(seized.tid));
    if (!signal_due) {
      registers = arch::CallAnew(registers);
      if (seized.sleep) arch::ShortenTimeout(registers, seized.sleep->asleep_for_ns);
      repaired = true;
    }
  }
  ASSIGN_OR_RETURN(const std::optional<uint64_t> abort,
                   RseqAbort(seized.tid, arch::ProgramCounter(registers)));
  if (abort) {
    arch::SetProgramCounter(registers, *abort);
    repaired = true;
  }
  return repaired ? ptrace::SetRegisters(seized.tid, registers) : Ok();
}

Result<FrozenThread> ReadThread(const SeizedThreads::Thread& seized, bool nested_pids) {
  FrozenThread thread;
  thread.tid = thread.inner_tid = seized.tid;
  thread.stop_signal = seized.stop_signal;
  ASSIGN_OR_RETURN(thread.registers, ptrace::GetRegisters(thread.tid));
  ASSIGN_OR_RETURN(thread.signal_mask, ptrace::GetSignalMask(thread.tid));
  ASSIGN_OR_RETURN(thread.extended_state, ptrace::GetExtendedState(thread.tid));
  if (nested_pids) {
    ASSIGN_OR_RETURN(const TraceeStatus status, ReadStatus(thread.tid, thread.tid));
    if (!status.inner_tids.empty()) thread.inner_tid = status.inner_tids.back();
  }
  std::optional<int64_t> asleep_for_ns;
  if (seized.sleep) asleep_for_ns = seized.sleep->asleep_for_ns;
  thread.in_restarted_call = arch::IsRestarted(thread.tid, thread.registers);
  if (thread.in_restarted_call)
    thread.restarted_call = arch::IdentifyRestartedCall(thread.tid, thread.registers, seized.wait_channel);
  const Result<arch::Registers> shown = RegistersForImage(thread);
  if (shown.has_value())
    thread.syscall_time_left_ns = arch::TimeLeftNs(thread.tid, shown.value(), asleep_for_ns);
  return thread;
}

Result<arch::Registers> RegistersForImage(const FrozenThread& thread) {
  if (!thread.in_restarted_call) return thread.registers;
  if (thread.restarted_call)
    return arch::AsFirstInterrupted(thread.registers, *thread.restarted_call);
  return Error(ErrorCode::kUnsupported,
               StrCat("thread ", thread.tid,
                      " sleeps in a restarted system call that cannot be told (SIGCONT, if the "
                      "process is stopped, or another try may help)"));
}

}  // namespace tardigrade
