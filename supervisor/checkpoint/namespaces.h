#ifndef SUPERVISOR_CHECKPOINT_NAMESPACES_H_
#define SUPERVISOR_CHECKPOINT_NAMESPACES_H_

#include <sys/types.h>

#include "supervisor/base/result.h"

namespace tardigrade {

// Refuses (kUnsupported, naming it) a process with a namespace that is neither the supervisor's nor
// made by a restore of ours: a PID namespace whose init has our name, with the user and mount
// namespaces that came with it.
Status CheckNamespaces(pid_t pid);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_NAMESPACES_H_
