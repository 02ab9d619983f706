#ifndef SUPERVISOR_TRACEE_FROZEN_PROCESS_H_
#define SUPERVISOR_TRACEE_FROZEN_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/arch/x86_64/registers.h"
#include "supervisor/base/result.h"
#include "supervisor/kernel/memory_map.h"

namespace tardigrade {

namespace arch {
class GadgetCache;
}  // namespace arch

// What the kernel publishes of a stopped thread through ptrace.
struct FrozenThread {
  pid_t tid = -1;             // As seen by the supervisor.
  pid_t inner_tid = -1;       // As the tracee sees it (last number of NSpid).
  arch::Registers registers;  // As at the stop; EINTR made by the stop itself is taken back,
                              // a restartable sequence is at its abort handler.
  std::vector<std::byte> extended_state;  // NT_X86_XSTATE.
  uint64_t signal_mask = 0;
  int stop_signal = 0;  // Group-stopped by this signal; 0 if it was running.
  // Within restart_syscall(2), or on the way into it: the call it goes on with, once known.
  bool in_restarted_call = false;
  std::optional<int64_t> restarted_call;
  // Time left of a nanosleep, poll, futex wait, ... that the stop interrupted (registers.rax is
  // -ERESTART_RESTARTBLOCK); empty when there is none or it cannot be told.
  // Never less than was left.
  std::optional<int64_t> syscall_time_left_ns;
};

struct FreezeOptions {
  // Give up, and let the job go on, when it passes.
  std::chrono::steady_clock::time_point deadline;
  // Inject also where the job would not survive the supervisor's death.
  bool allow_fragile = false;
  // Of a supervisor that freezes many processes; may be null.
  std::shared_ptr<arch::GadgetCache> gadgets = nullptr;
};

// How to leave a process.
enum class LeaveAs {
  kAsFound,  // Running, or stopped if it was.
  kStopped,  // SIGSTOP.
  kKilled,   // SIGKILL, while it is still frozen: it does not run one more instruction.
};

// What somebody has read of a frozen process already, so that a visit need not.
struct FrozenFacts {
  const std::vector<MemoryMapping>* mappings = nullptr;
  std::vector<std::string_view> statuses;  // The text of /proc/PID/task/TID/status of each thread, or none.
};

// A thread's registers as an image has them: an interrupted call shows its own number, although the
// thread itself may be within restart_syscall(2).  Errors: kUnsupported if that is not known.
Result<arch::Registers> RegistersForImage(const FrozenThread& thread);

// Takes back what supervisors that were killed during a visit left mapped in the process; nothing
// is done to a process that has nothing of the kind.  Freeze() does the same.
Status ClearAfterKilledSupervisors(pid_t pid, const FreezeOptions& options);

// A process whose threads are all in ptrace-stop under this supervisor.  Destroying it leaves the
// process as found.  One thread of the supervisor does it all: a tracee has one tracer thread.
class FrozenProcess {
 public:
  // Seizes, interrupts and waits for every thread until no new one appears, then reads what
  // FrozenThread says and unmaps what a supervisor that was killed in a visit left.  Errors: kUsage
  // (no such process, itself, a kernel thread, 32-bit), kDenied (says why: other user, Yama,
  // another tracer), kTraceeGone, kUnsupported, kSystem with ETIMEDOUT.
  static Result<std::unique_ptr<FrozenProcess>> Freeze(pid_t pid, const FreezeOptions& options);
  virtual ~FrozenProcess() = default;

  // By which /proc, process_vm_readv(2) and kcmp(2) know the process: its pid, or, when its main
  // thread has exited, the number of another (see supervisor/kernel/living_thread.h).
  virtual pid_t pid() const = 0;
  // Leader first, unless it has exited: then it is not among them.
  virtual std::span<const FrozenThread> threads() const = 0;
  // When the first thread was about to be stopped.
  virtual std::chrono::steady_clock::time_point frozen_at() const = 0;

  // Others that have the same memory without being threads of it (CLONE_VM), and are frozen as well.
  virtual void SetNeighbours(std::span<const FrozenProcess* const> others) = 0;

  // Runs compiled syscall programs (protocol::SyscallProgram) inside the process: programs[i] in
  // threads()[i], all at once; each is overwritten with what the run left.  On return every thread
  // stands as it was found and nothing of the visit is mapped.  The supervisor may be killed at
  // any moment of it.  Errors: kUnsupported if there is no way home (says why), kRemote,
  // kTraceeGone.
  virtual Status Visit(std::span<std::vector<uint64_t>> programs, const FrozenFacts& known) = 0;
  Status Visit(std::span<std::vector<uint64_t>> programs) { return Visit(programs, {}); }

  // Frees the threads' extended states, which are large: for when all is read, and nothing is to be
  // visited any more.
  virtual void ForgetExtendedStates() = 0;

  // From now on the process stays stopped (SIGSTOP) when it is left without a word, by the end of this process above all.
  virtual Status StopWhenLeft() = 0;
  // Takes that back.
  virtual Status DoNotStop() = 0;

  virtual Status Leave(LeaveAs how) = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_FROZEN_PROCESS_H_
