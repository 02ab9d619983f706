#ifndef SUPERVISOR_TRACEE_PTRACE_H_
#define SUPERVISOR_TRACEE_PTRACE_H_

#include <linux/filter.h>
#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "supervisor/arch/x86_64/registers.h"
#include "supervisor/base/result.h"

// ptrace(2), one function per request.  Every error names the request and the thread.  ESRCH is
// kTraceeGone: the thread died, or is not in ptrace-stop under the calling thread.  EPERM of a
// seize is kDenied and says who or what is in the way.
namespace tardigrade::ptrace {

// What waitpid(2) said of a tracee.
struct WaitStatus {
  enum class Kind {
    kExited,       // exit_status.
    kKilled,       // By `signal`.
    kEventStop,    // PTRACE_EVENT_STOP: by an interrupt (signal == 0) or a group-stop (signal).
    kSyscallStop,  // Entry or exit of a system call; needs TraceSysGood.
    kSignalStop,   // `signal` is about to be delivered: pass it to Continue or it is lost.
    kOtherEvent,   // PTRACE_EVENT_* in `event`.
  };
  Kind kind = Kind::kExited;
  int signal = 0;
  int exit_status = 0;
  int event = 0;

  bool gone() const { return kind == Kind::kExited || kind == Kind::kKilled; }
  std::string ToString() const;
  bool operator==(const WaitStatus&) const = default;
};
WaitStatus ParseWaitStatus(int status);

// PTRACE_SEIZE with PTRACE_O_TRACESYSGOOD, without which a tracee dies of SIGTRAP when its tracer
// is killed while it sits in a syscall-stop; and never with PTRACE_O_EXITKILL.
Status Seize(pid_t tid);
Status Interrupt(pid_t tid);

// Waits for the next change of `tid`.  A thread that was reaped already is kTraceeGone.
Result<WaitStatus> WaitStop(pid_t tid);
// The same without waiting: empty if nothing has changed.
Result<std::optional<WaitStatus>> PollStop(pid_t tid);
// The same with a limit: kSystem, ETIMEDOUT.
Result<WaitStatus> WaitStopUntil(pid_t tid, std::chrono::steady_clock::time_point deadline);
// Waits until an interrupted `tid` sits in PTRACE_EVENT_STOP, passing on signals and running
// through syscall-stops on the way.  Returns the group-stop signal, 0 if none.  kTraceeGone if it
// died.
Result<int> WaitEventStopUntil(pid_t tid, std::chrono::steady_clock::time_point deadline);

// Let go on; `signal` (0: none) is delivered if the tracee is in a signal-stop.
Status Continue(pid_t tid, int signal = 0);
Status ContinueToSyscall(pid_t tid, int signal = 0);
// PTRACE_LISTEN: from a group-stop, stay stopped, and report what happens next.
Status Listen(pid_t tid);
Status Detach(pid_t tid, int signal = 0);

// NT_PRSTATUS.  The kernel takes over the whole set at once.  kUsage for a 32-bit thread.
Result<arch::Registers> GetRegisters(pid_t tid);
Status SetRegisters(pid_t tid, const arch::Registers& registers);

// NT_X86_XSTATE: the standard (not compacted) XSAVE layout.
Result<std::vector<std::byte>> GetExtendedState(pid_t tid);
Status SetExtendedState(pid_t tid, std::span<const std::byte> state);

// The blocked signals; bit n-1 is signal n.
Result<uint64_t> GetSignalMask(pid_t tid);
Status SetSignalMask(pid_t tid, uint64_t mask);

// Queued signals, oldest first, left in the queue: of the thread, or of its whole process.
Result<std::vector<siginfo_t>> PeekPendingSignals(pid_t tid, bool process_wide);
// The signal of the present signal-stop.
Result<siginfo_t> GetSignalInfo(pid_t tid);

// PTRACE_GET_RSEQ_CONFIGURATION; abi_pointer is 0 if none is registered.
struct RseqConfiguration {
  uint64_t abi_pointer = 0;
  uint32_t abi_size = 0;
  uint32_t signature = 0;
  uint32_t flags = 0;
  uint32_t pad = 0;
  bool operator==(const RseqConfiguration&) const = default;
};
Result<RseqConfiguration> GetRseqConfiguration(pid_t tid);

// Syscall user dispatch (prctl(2), PR_SET_SYSCALL_USER_DISPATCH); mode 0 is off.  Kernels before
// 6.4 have no such request: GetSyscallUserDispatch then says empty.
struct SyscallUserDispatch {
  uint64_t mode = 0;
  uint64_t selector = 0;  // Address of the selector byte.
  uint64_t offset = 0;
  uint64_t length = 0;
  bool operator==(const SyscallUserDispatch&) const = default;
};
Result<std::optional<SyscallUserDispatch>> GetSyscallUserDispatch(pid_t tid);
Status SetSyscallUserDispatch(pid_t tid, const SyscallUserDispatch& config);

// The thread's seccomp filters, the oldest first.  Needs CAP_SYS_ADMIN, and a tracer without seccomp
// itself: else kDenied.
Result<std::vector<std::vector<sock_filter>>> GetSeccompFilters(pid_t tid);

// PTRACE_O_SUSPEND_SECCOMP beside TRACESYSGOOD, or TRACESYSGOOD alone.  Needs CAP_SYS_ADMIN, and a
// tracer without seccomp itself.
Status SuspendSeccomp(pid_t tid, bool suspend);

}  // namespace tardigrade::ptrace

#endif  // SUPERVISOR_TRACEE_PTRACE_H_
