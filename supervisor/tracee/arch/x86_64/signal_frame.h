#ifndef SUPERVISOR_TRACEE_ARCH_X86_64_SIGNAL_FRAME_H_
#define SUPERVISOR_TRACEE_ARCH_X86_64_SIGNAL_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "supervisor/arch/x86_64/registers.h"
#include "supervisor/base/result.h"

namespace tardigrade::arch {

// What rt_sigreturn(2) puts into a thread.
struct SignalFrameContents {
  Registers registers;
  std::span<const std::byte> extended_state;  // NT_X86_XSTATE.
  uint64_t signal_mask = 0;
};

// Where the parts of a frame built at some address are, in the tracee.
struct SignalFramePlace {
  uint64_t ucontext = 0;     // The stack pointer for rt_sigreturn.
  uint64_t return_slot = 0;  // Below it: where a function returns from into `return_chain`.
  uint64_t result_at = 0;    // The register that carries a system call's result.
  uint64_t resume_at = 0;    // The program counter.
};

// A bound on the bytes that a frame for this state takes, whatever its alignment.
size_t SignalFrameBytes(std::span<const std::byte> extended_state);

// Writes a frame into `memory`, which is (or will be) at `address` in the tracee.  `return_chain`
// (at most kMaxReturnChain words) ends right below the ucontext.  Errors: kInternal (state or
// memory too short).
inline constexpr size_t kMaxReturnChain = 3;
Result<SignalFramePlace> BuildSignalFrame(const SignalFrameContents& contents,
                                          std::span<const uint64_t> return_chain, uint64_t address,
                                          std::span<std::byte> memory);

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_TRACEE_ARCH_X86_64_SIGNAL_FRAME_H_
