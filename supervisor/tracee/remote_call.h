#ifndef SUPERVISOR_TRACEE_REMOTE_CALL_H_
#define SUPERVISOR_TRACEE_REMOTE_CALL_H_

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>

#include "supervisor/base/result.h"
#include "supervisor/tracee/frozen_process.h"
#include "supervisor/tracee/visit_plan.h"

namespace tardigrade {

// Runs `tid`, which is in ptrace-stop, to the exit of the system call it is about to make, and
// returns its result.
Result<int64_t> StepOverCall(pid_t tid, std::chrono::steady_clock::time_point deadline);

// From an interrupted or event stop back to what `home` says: the mask, then the registers.
Status PutBack(const FrozenThread& home);

// Makes the guide of `plan`, which is in ptrace-stop wherever it may be, issue one system call and
// puts it back home, into an event stop.  Returns what the call returned.  The supervisor may be
// killed at any moment of it, unless the plan is fragile: the call returns to a frame on the dead
// stack that takes the guide home.  No restart block outlives rt_sigreturn(2), so an interrupted
// call of the guide is then made anew.
Result<int64_t> RemoteCall(pid_t pid, const FrozenThread& guide, const VisitPlan& plan,
                           int64_t number, std::array<uint64_t, 3> arguments,
                           std::chrono::steady_clock::time_point deadline);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_REMOTE_CALL_H_
