#ifndef SUPERVISOR_TRACEE_ARCH_X86_64_RESTARTED_CALL_H_
#define SUPERVISOR_TRACEE_ARCH_X86_64_RESTARTED_CALL_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "supervisor/arch/x86_64/registers.h"

// A thread that was stopped in nanosleep(2), clock_nanosleep(2), poll(2) or futex(2) goes on with
// restart_syscall(2) (kernel/signal.c, sys_restart_syscall()).  Stopped again, it shows the number
// of that one; which call it goes on with is known to the kernel alone.  Its arguments are still
// in its registers.
namespace tardigrade::arch {

// True if the thread owes a restart_syscall(2) and no longer shows for which call: it was stopped
// within that, or on its way back into it.
bool IsRestarted(pid_t pid, const Registers& registers);

// The call it goes on with.  `wait_channel` is /proc/PID/task/TID/wchan, read while the thread
// slept; "" if unknown.  Empty if neither that nor the program's code tells.
std::optional<int64_t> IdentifyRestartedCall(pid_t pid, const Registers& registers,
                                             std::string_view wait_channel);

// The registers as the first stop would have shown them: within call `number`, to be restarted.
Registers AsFirstInterrupted(const Registers& registers, int64_t number);

// The number that `code`, which ends before a `syscall` instruction, puts into %eax last of all.
std::optional<int64_t> ParseCallNumber(std::string_view code);

bool IsAtSyscallInstruction(pid_t pid, uint64_t address);

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_TRACEE_ARCH_X86_64_RESTARTED_CALL_H_
