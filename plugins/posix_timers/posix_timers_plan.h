#ifndef PLUGINS_POSIX_TIMERS_POSIX_TIMERS_PLAN_H_
#define PLUGINS_POSIX_TIMERS_POSIX_TIMERS_PLAN_H_

#include "plugins/posix_timers/posix_timers_state.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade::posix_timers {

// Both add the steps that create all timers of `state`, unarmed, under their ids.

// With PR_TIMER_CREATE_RESTORE_IDS (Linux 6.15): timer_create(2) takes the id it is to give from
// where it would write it.
void PlanById(const PosixTimersState& state, SyscallPlan& plan);

// On older kernels, which hand ids out one after the other from 0 on: uses up those in between.
// Errors: kUnsupported for an id above 100,000.
Status PlanByCounting(const PosixTimersState& state, SyscallPlan& plan);

// Arms a timer of `state` anew, and makes its signal pending again where it was.
void PlanArming(const TimerState& timer, SyscallPlan& plan);

}  // namespace tardigrade::posix_timers

#endif  // PLUGINS_POSIX_TIMERS_POSIX_TIMERS_PLAN_H_
