#ifndef SUPERVISOR_KERNEL_VFORK_WAIT_H_
#define SUPERVISOR_KERNEL_VFORK_WAIT_H_

#include <sys/types.h>

#include <optional>
#include <string_view>

namespace tardigrade {

// Whether a thread sleeps in a call that makes a child with CLONE_VFORK, until that calls exec or
// ends (kernel/fork.c, wait_for_vfork_done()): no tracer can stop it.  False where that cannot be
// told.
bool IsInVfork(pid_t pid, pid_t tid);

// The parts of /proc/PID/syscall that matter (fs/proc/base.c, proc_pid_syscall()).
struct BlockedCall {
  long number = -1;
  unsigned long first_argument = 0;
};
// Nothing for a thread that runs, or is in no call.
std::optional<BlockedCall> ParseSyscall(std::string_view text);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_VFORK_WAIT_H_
