#ifndef SUPERVISOR_ARCH_X86_64_UNWIND_REGISTERS_H_
#define SUPERVISOR_ARCH_X86_64_UNWIND_REGISTERS_H_

#include <libunwind-x86_64.h>

#include <cstdint>
#include <optional>

#include "supervisor/arch/x86_64/registers.h"

namespace tardigrade::arch {

// What libunwind's register `number` holds; empty for one that no unwinding needs.
inline std::optional<uint64_t> UnwindRegister(const Registers& registers, int number) {
  switch (number) {
    case UNW_X86_64_RAX: return registers.rax;
    case UNW_X86_64_RDX: return registers.rdx;
    case UNW_X86_64_RCX: return registers.rcx;
    case UNW_X86_64_RBX: return registers.rbx;
    case UNW_X86_64_RSI: return registers.rsi;
    case UNW_X86_64_RDI: return registers.rdi;
    case UNW_X86_64_RBP: return registers.rbp;
    case UNW_X86_64_RSP: return registers.rsp;
    case UNW_X86_64_R8: return registers.r8;
    case UNW_X86_64_R9: return registers.r9;
    case UNW_X86_64_R10: return registers.r10;
    case UNW_X86_64_R11: return registers.r11;
    case UNW_X86_64_R12: return registers.r12;
    case UNW_X86_64_R13: return registers.r13;
    case UNW_X86_64_R14: return registers.r14;
    case UNW_X86_64_R15: return registers.r15;
    case UNW_X86_64_RIP: return registers.rip;
    default: return std::nullopt;
  }
}

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_ARCH_X86_64_UNWIND_REGISTERS_H_
