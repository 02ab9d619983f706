#ifndef SUPERVISOR_TRACEE_BACKTRACE_H_
#define SUPERVISOR_TRACEE_BACKTRACE_H_

#include <sys/types.h>

#include <chrono>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"

namespace tardigrade {

// Unwinds the stack of a thread in ptrace-stop under the calling thread.  Innermost frame first;
// ends early (never fails for it) where the stack cannot be followed, after `max_frames`, or when
// `deadline` passes.  Frames have their address only: Symbolize() does the rest, when the job was
// let go.  For many threads use one StackUnwinder, which keeps what it read.
Result<std::vector<BacktraceFrame>> TakeBacktrace(pid_t tid, int max_frames,
                                                  std::chrono::steady_clock::time_point deadline);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_BACKTRACE_H_
