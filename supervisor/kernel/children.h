#ifndef SUPERVISOR_KERNEL_CHILDREN_H_
#define SUPERVISOR_KERNEL_CHILDREN_H_

#include <sys/types.h>

#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// The children of all threads of `pid`, zombies among them, from /proc/PID/task/TID/children.  That
// list may miss some while children end (fs/proc/array.c, get_children_pid()): ask again until
// nothing changes.  Errors: kTraceeGone; kSystem where the kernel has no such files
// (CONFIG_PROC_CHILDREN).
Result<std::vector<pid_t>> ListChildren(pid_t pid);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_CHILDREN_H_
