#ifndef SUPERVISOR_CHECKPOINT_ASK_LEADER_H_
#define SUPERVISOR_CHECKPOINT_ASK_LEADER_H_

#include "supervisor/base/result.h"
#include "supervisor/resource/syscall_plan.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

// Runs `plan`, which must outlive the outcome, in the leader during a visit of its own.  For what few
// jobs have: a visit costs milliseconds.
Result<Outcome> AskLeader(FrozenProcess& frozen, const SyscallPlan& plan);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_ASK_LEADER_H_
