#ifndef SUPERVISOR_RESTORE_CHOOSE_PID_H_
#define SUPERVISOR_RESTORE_CHOOSE_PID_H_

#include <sys/types.h>

namespace tardigrade {

// Whether this process may say which pids its children get: clone3(2) wants CAP_CHECKPOINT_RESTORE
// or CAP_SYS_ADMIN over the PID namespace for that.
bool MayChoosePids();

// Whether nobody has this pid: neither as its own nor as that of its group or session, whose
// numbers are not given away before the last member was waited for (kernel/pid.c, __change_pid()).
// The latter is seen only by those who may choose.
bool IsPidFree(pid_t pid);

// Whether who has this pid has ended, so that it may be free soon.
bool IsPidOfTheDead(pid_t pid);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_CHOOSE_PID_H_
