#ifndef SUPERVISOR_RESTORE_INTERRUPTED_CALL_H_
#define SUPERVISOR_RESTORE_INTERRUPTED_CALL_H_

#include <cstdint>
#include <optional>

#include "supervisor/arch/x86_64/registers.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// A thread saved in a call with a deadline shows -ERESTART_RESTARTBLOCK: what was left to wait for
// was in the kernel (include/linux/restart_block.h), and a fresh task has none of it.  So the fresh
// thread makes the call once more, from the restorer, with the time that was left; when it is
// interrupted there the kernel holds a restart block again, and the saved registers are true.
//
// Adds that one op to `plan`; adds nothing when the thread was in no such call or its time is not
// known: then FinishWithoutReplay() is for it.
void PlanReplay(const arch::Registers& saved, std::optional<int64_t> time_left_ns, SyscallPlan& plan);

// The registers of a thread that owes such a restart but was given no replay: it makes the whole
// call again.
void FinishWithoutReplay(arch::Registers& registers);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_INTERRUPTED_CALL_H_
