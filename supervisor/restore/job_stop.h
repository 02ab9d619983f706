#ifndef SUPERVISOR_RESTORE_JOB_STOP_H_
#define SUPERVISOR_RESTORE_JOB_STOP_H_

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// What children that are stopped before their parent goes on leave with it: it was told of the first
// stop, and must not be told again.
struct StopNotices {
  bool signalled = false;          // SIGCHLD is pending for nothing but that.
  std::vector<int32_t> to_forget;  // Children, as the job sees them, whose stop wait(2) has reported.
};

// Stops a process as job control does, by `signal`, or by SIGSTOP where that cannot stop it (a process
// group nobody controls).  `threads`, all it has, sit in event-stops of the caller, with their final
// registers and signal masks; afterwards they sit in a group-stop, which lasts when they are detached.
Status StopJob(pid_t pid, std::span<const pid_t> threads, int signal);

// Whether SIGCHLD is pending for the process.
Result<bool> HasPendingSigchld(pid_t pid);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_JOB_STOP_H_
