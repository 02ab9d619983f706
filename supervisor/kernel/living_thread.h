#ifndef SUPERVISOR_KERNEL_LIVING_THREAD_H_
#define SUPERVISOR_KERNEL_LIVING_THREAD_H_

#include <sys/types.h>

#include "supervisor/base/result.h"

namespace tardigrade {

// A main thread that exits before the others stays behind as a zombie without memory, descriptors,
// directories and namespaces (kernel/exit.c, do_exit(); release_task() comes last), and whoever
// asks about the process by its pid asks that zombie.  The other threads have it all, and every
// thread can be asked as if it were a process: /proc/TID is there for each, though not listed
// (fs/proc/base.c, proc_pid_lookup()), and process_vm_readv(2), kcmp(2) and kill(2) take any
// thread's number.
//
// Returns who is to be asked: `pid` itself as long as its main thread lives, else its oldest thread
// that does.  Errors: kTraceeGone if none does.
Result<pid_t> LivingThread(pid_t pid);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_LIVING_THREAD_H_
