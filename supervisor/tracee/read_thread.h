#ifndef SUPERVISOR_TRACEE_READ_THREAD_H_
#define SUPERVISOR_TRACEE_READ_THREAD_H_

#include <sys/types.h>

#include <optional>

#include "supervisor/base/result.h"
#include "supervisor/tracee/frozen_process.h"
#include "supervisor/tracee/seize.h"

namespace tardigrade {

// Of a thread in an event stop: takes back an EINTR that only the stop made, and puts it at the
// abort handler of a restartable sequence it was stopped in, as the kernel would on its way back
// (kernel/rseq.c).  To be done soon: a supervisor that dies before lets the EINTR out.
Status RepairStop(const SeizedThreads::Thread& seized);

// Reads what ptrace tells of a repaired thread.  `nested_pids`: the process is in another PID
// namespace.
Result<FrozenThread> ReadThread(const SeizedThreads::Thread& seized, bool nested_pids);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_READ_THREAD_H_
