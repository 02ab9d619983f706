#ifndef SUPERVISOR_ARCH_X86_64_REGISTERS_H_
#define SUPERVISOR_ARCH_X86_64_REGISTERS_H_

#include <sys/user.h>

#include <cstdint>
#include <string_view>

namespace tardigrade::arch {

// NT_PRSTATUS: the general registers, rip, rflags, segment bases and orig_rax, in ptrace's layout.
using Registers = user_regs_struct;

inline constexpr std::string_view kName = "x86_64";

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

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_ARCH_X86_64_REGISTERS_H_
