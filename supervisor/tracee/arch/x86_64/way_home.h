#ifndef SUPERVISOR_TRACEE_ARCH_X86_64_WAY_HOME_H_
#define SUPERVISOR_TRACEE_ARCH_X86_64_WAY_HOME_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "supervisor/arch/x86_64/registers.h"

namespace tardigrade::arch {

// How a stopped thread goes on without its tracer and without the kernel's own repair of its
// interrupted system call, which only a thread in an event stop gets.
struct WayHome {
  Registers registers;              // In user mode; an interrupted call is restarted.
  uint32_t interrupts = 0;          // protocol::k*Interrupts*
  uint64_t after_call = 0;          // Where to go on if the call is to return EINTR after all.
  bool keep_restart_block = false;  // The thread owes a restart_syscall(2).
  // The same, but the whole call is made anew: for where the restart block cannot be kept.
  Registers registers_call_anew;
};

// What the kernel would do with `registers` as they are in an event stop (arch/x86/kernel/signal.c,
// arch_do_signal_or_restart()).  `pid` is the tracee, whose code is looked at; `original_call` what
// a thread within restart_syscall(2) goes on with, if that is known.
WayHome PlanWayHome(pid_t pid, const Registers& registers,
                    std::optional<int64_t> original_call = {});

// Calls that say EINTR when a stop interrupts them, whatever it is for, and calls whose timeout
// must be shortened when they go on after a stop.
bool IsNeverRestarted(int64_t call_number);
bool HasTimeoutToShorten(int64_t call_number);

// True if the thread was stopped in a system call that returned EINTR of a kind that the kernel
// never restarts, so that the stop alone made it: epoll_wait and others (signal(7), "Interruption
// of system calls and library functions by stop signals").  The caller knows that no signal did it.
bool IsEintrOfStop(const Registers& registers);

// Makes the interrupted call anew.
Registers CallAnew(const Registers& registers);

// Where the thread is, for messages.
inline uint64_t ProgramCounter(const Registers& registers) { return registers.rip; }
inline uint64_t StackPointer(const Registers& registers) { return registers.rsp; }
inline uint64_t ThreadPointer(const Registers& registers) { return registers.fs_base; }
inline void SetProgramCounter(Registers& registers, uint64_t address) { registers.rip = address; }

// Below the red zone of the thread's stack, 16-byte aligned.
inline uint64_t BelowRedZone(const Registers& registers) {
  constexpr uint64_t kRedZoneBytes = 128;
  return (registers.rsp - kRedZoneBytes) & ~uint64_t{15};
}

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_TRACEE_ARCH_X86_64_WAY_HOME_H_
