#ifndef SUPERVISOR_KERNEL_SYSV_IPC_H_
#define SUPERVISOR_KERNEL_SYSV_IPC_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// The upper half of the key of every segment that a supervisor makes for its visits to a process: it
// tells them from others', also while they are still empty.
inline constexpr uint32_t kVisitKeyPrefix = 0x74670000;
inline constexpr uint32_t kVisitKeyPrefixMask = 0xffff0000;

// One object of /proc/sysvipc/{shm,sem,msg}, by the names of its columns: "shmid", "perms", "cpid".
using SysvIpcRow = std::map<std::string, int64_t, std::less<>>;

// Parses such a table; see ipc/shm.c, sysvipc_shm_proc_show(), and its like.  "perms" is octal there.
// Errors: kInternal for a line it cannot read.
Result<std::vector<SysvIpcRow>> ParseSysvIpc(std::string_view text);

// The table named `which` ("shm", "sem", "msg") of the calling thread's IPC namespace; empty if this
// kernel has none of them.
Result<std::vector<SysvIpcRow>> ReadSysvIpc(const std::string& which);

// Whether both processes are in one IPC namespace.  Errors: kTraceeGone, kDenied.
Result<bool> IsInThisIpcNamespace(pid_t pid);

// Calls `run` in the IPC namespace of `pid`, and in its user namespace where it takes that: in this very
// thread if this process is there already, else in a short-lived task that shares its memory.  `run`
// must not need the calling thread's identity.  Errors: kDenied if it may not be entered.
Status InIpcNamespaceOf(pid_t pid, const std::function<void()>& run);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_SYSV_IPC_H_
