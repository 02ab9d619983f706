#ifndef SUPERVISOR_TRACEE_PTRACE_DENIED_H_
#define SUPERVISOR_TRACEE_PTRACE_DENIED_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "supervisor/base/error.h"

namespace tardigrade::ptrace {

// What can be in the way of a PTRACE_SEIZE; see kernel/ptrace.c, __ptrace_may_access() and
// ptrace_attach().
struct DenialFacts {
  std::string tracee_status;  // Text of /proc/TID/status; empty if it could not be read.
  std::string yama_scope;     // Text of /proc/sys/kernel/yama/ptrace_scope; empty without Yama.
  uid_t own_uid = 0;
  // Who owns /proc/TID: root that of a process that is not dumpable, whoever runs it
  // (fs/proc/base.c, task_dump_owner()).
  std::optional<uid_t> proc_uid = std::nullopt;
};

// The error for a PTRACE_SEIZE that got EPERM, with the reason and the way out as far as the facts
// tell: kDenied, kTraceeGone for a zombie, kUsage for a kernel thread.
Error ExplainDenied(pid_t tid, const DenialFacts& facts);

// The same, having read the facts now.
Error ExplainDenied(pid_t tid);

}  // namespace tardigrade::ptrace

#endif  // SUPERVISOR_TRACEE_PTRACE_DENIED_H_
