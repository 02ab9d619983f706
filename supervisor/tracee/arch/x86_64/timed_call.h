#ifndef SUPERVISOR_TRACEE_ARCH_X86_64_TIMED_CALL_H_
#define SUPERVISOR_TRACEE_ARCH_X86_64_TIMED_CALL_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "supervisor/arch/x86_64/registers.h"

namespace tardigrade::arch {

// The time left of the relative timeout of a system call that left a restart block. `asleep_for_ns`
// says how long the thread had slept since it last ran: after an earlier stop that is less than it
// waited for, so that it waits too long rather than too short.  Empty if the call has no timeout or
// it cannot be told.
std::optional<int64_t> TimeLeftNs(pid_t pid, const Registers& registers,
                                  std::optional<int64_t> asleep_for_ns);

// For a call that is to be made anew (CallAnew) after the thread had slept in it: takes the time
// off a timeout that is in a register, so that repeated stops do not put off its end for ever.
// Whole milliseconds, rounded up.  A timeout in memory starts in full.
void ShortenTimeout(Registers& registers, int64_t asleep_for_ns);

}  // namespace tardigrade::arch

#endif  // SUPERVISOR_TRACEE_ARCH_X86_64_TIMED_CALL_H_
