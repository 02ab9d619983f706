#ifndef SUPERVISOR_TRACEE_PROC_STATUS_H_
#define SUPERVISOR_TRACEE_PROC_STATUS_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// The lines of /proc/PID/status (fs/proc/array.c, proc_pid_status()) that decide how a process can
// be frozen and visited.
struct TraceeStatus {
  char state = '?';                      // 'R', 'S', 'D', 'T', 't', 'Z', 'X', ...
  pid_t thread_group = -1;               // Tgid
  pid_t parent = 0;                      // PPid
  pid_t tracer = 0;                      // TracerPid; 0 if none.
  std::vector<uid_t> uids;               // Real, effective, saved, file system.
  std::vector<pid_t> inner_tids;         // NSpid, outermost PID namespace first.
  bool kernel_thread = false;            // Kthread: 1, or (before 6.9) no memory of its own.
  std::optional<uint64_t> memory_bytes;  // VmSize; empty for a zombie or kernel thread.
  int seccomp = 0;                       // 0 none, 1 strict, 2 filters.
  uint64_t pending = 0;                  // SigPnd
  uint64_t process_pending = 0;          // ShdPnd
  uint64_t blocked = 0;       // SigBlk; within sigsuspend(2) and the like, what that blocks.
  uint64_t ignored = 0;       // SigIgn
  bool shadow_stack = false;  // x86_Thread_features: shstk
};

// Errors: kInternal if a line cannot be read; missing lines keep their defaults.
Result<TraceeStatus> ParseStatus(std::string_view text);

// Of /proc/PID/task/TID; tid may be any thread.  Errors: kTraceeGone.
Result<TraceeStatus> ReadStatus(pid_t pid, pid_t tid);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_PROC_STATUS_H_
