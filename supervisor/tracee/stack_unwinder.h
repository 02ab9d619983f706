#ifndef SUPERVISOR_TRACEE_STACK_UNWINDER_H_
#define SUPERVISOR_TRACEE_STACK_UNWINDER_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "supervisor/arch/x86_64/registers.h"
#include "supervisor/base/result.h"
#include "supervisor/kernel/memory_map.h"

namespace tardigrade {

// Unwinds the stacks of a process that stands still, given registers.  Reads memory with
// process_vm_readv(2) and keeps what it read, so that the second thread costs a fraction of the
// first.  Needs no ptrace and knows no symbols (see symbolize.h).
class StackUnwinder {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Reads /proc/<pid>/maps.  Errors: kTraceeGone, kDenied, kSystem.
  static Result<std::unique_ptr<StackUnwinder>> Create(pid_t pid);

  // `mappings`: by address.
  StackUnwinder(pid_t pid, std::vector<MemoryMapping> mappings);
  ~StackUnwinder();
  StackUnwinder(const StackUnwinder&) = delete;
  StackUnwinder& operator=(const StackUnwinder&) = delete;

  // Instruction and return addresses, innermost first.  Ends where the stack cannot be followed,
  // after `max_frames`, or when `deadline` passes.
  std::vector<uint64_t> Unwind(const arch::Registers& registers, int max_frames,
                               TimePoint deadline);

  const std::vector<MemoryMapping>& mappings() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_STACK_UNWINDER_H_
