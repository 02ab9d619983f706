#ifndef SUPERVISOR_TRACEE_ARCH_X86_64_INJECTED_CALL_H_
#define SUPERVISOR_TRACEE_ARCH_X86_64_INJECTED_CALL_H_

#include <cstdint>

#include "supervisor/arch/x86_64/registers.h"

namespace tardigrade::arch {

// Register sets that send a stopped thread somewhere.  None belongs to an interrupted system call,
// so the kernel restarts nothing, and single-stepping and the direction flag are off.

inline Registers SentTo(const Registers& home, uint64_t address) {
  constexpr uint64_t kTrapFlag = 0x100, kDirectionFlag = 0x400;
  Registers sent = home;
  sent.orig_rax = ~uint64_t{0};
  sent.rip = address;
  sent.eflags &= ~(kTrapFlag | kDirectionFlag);
  return sent;
}

// A system call at the `syscall` instruction at `address`, with `stack_pointer`.
inline Registers CallAt(const Registers& home, uint64_t address, uint64_t stack_pointer,
                        int64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2) {
  Registers call = SentTo(home, address);
  call.rsp = stack_pointer;
  call.rax = static_cast<uint64_t>(number);
  call.rdi = arg0;
  call.rsi = arg1;
  call.rdx = arg2;
  call.r10 = call.r8 = call.r9 = 0;
  return call;
}

// About to make call `number`, or within it, with this third argument.
inline bool IsCall(const Registers& registers, int64_t number, uint64_t arg2) {
  return registers.rax == static_cast<uint64_t>(number) && registers.rdx == arg2;
}

// Hands the parasite its slot; survives a system call.
inline void SetSlot(Registers& registers, uint64_t slot) { registers.r15 = slot; }

// Into the parasite at `entry`.
inline Registers EnterAt(const Registers& home, uint64_t entry, uint64_t stack_pointer,
                         uint64_t slot) {
  Registers enter = SentTo(home, entry);
  enter.rsp = stack_pointer;
  SetSlot(enter, slot);
  return enter;
}

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_TRACEE_ARCH_X86_64_INJECTED_CALL_H_
