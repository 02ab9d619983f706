#ifndef SUPERVISOR_ARCH_X86_64_REGISTERS_H_
#define SUPERVISOR_ARCH_X86_64_REGISTERS_H_

#include <sys/user.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "supervisor/base/str_cat.h"

namespace tardigrade::arch {

// NT_PRSTATUS: the general registers, rip, rflags, segment bases and orig_rax, in ptrace's layout.
using Registers = user_regs_struct;

inline constexpr std::string_view kName = "x86_64";

// For messages.
inline std::string Where(const Registers& r) { return StrCat(" at rip=", Hex(r.rip), " rsp=", Hex(r.rsp)); }

// The system call a stopped thread was interrupted in.
struct InterruptedCall {
  bool in_call = false;  // orig_rax >= 0.
  int64_t number = -1;   // __NR_*
  int64_t result = 0;    // -ERESTART*, -errno, or what the call returned.
};

// Kernel-internal results that a stopped thread can show (include/linux/errno.h).
inline constexpr int64_t kErestartsys = 512;
inline constexpr int64_t kErestartnointr = 513;
inline constexpr int64_t kErestartnohand = 514;
inline constexpr int64_t kErestartRestartblock = 516;

inline InterruptedCall CallOf(const Registers& registers) {
  const auto number = static_cast<int64_t>(registers.orig_rax);
  return {.in_call = number >= 0, .number = number, .result = static_cast<int64_t>(registers.rax)};
}

// The arguments of the call a thread is stopped in.
inline std::array<uint64_t, 6> CallArguments(const Registers& r) { return {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9}; }

// Makes the interrupted call return `result`.
inline void FinishCall(Registers& registers, int64_t result) {
  registers.rax = static_cast<uint64_t>(result);
  registers.orig_rax = ~0ull;
}

// Makes the thread issue the interrupted call again, from its start: back onto the two bytes of `syscall`.
inline void ReissueCall(Registers& registers) {
  registers.rax = registers.orig_rax;
  registers.rip -= 2;
  registers.orig_rax = ~0ull;
}

// Makes the thread run the system call at `instruction`, with no call of its own to be restarted.
inline void AimCall(Registers& registers, uint64_t instruction, uint64_t number, uint64_t arg0, uint64_t arg1,
                    uint64_t arg2 = 0, uint64_t arg3 = 0) {
  registers.rip = instruction;
  registers.rax = number;
  registers.orig_rax = ~0ull;
  registers.rdi = arg0;
  registers.rsi = arg1;
  registers.rdx = arg2;
  registers.r10 = arg3;
}

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_ARCH_X86_64_REGISTERS_H_
