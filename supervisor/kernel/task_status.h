#ifndef SUPERVISOR_KERNEL_TASK_STATUS_H_
#define SUPERVISOR_KERNEL_TASK_STATUS_H_

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// What follows "<key>:" in the text of /proc/<pid>/status, without surrounding blanks.
// Errors: kUnsupported if this kernel does not print `key`.
Result<std::string_view> StatusField(std::string_view status, std::string_view key);

// The same as a list of numbers separated by blanks.  Errors also: kInternal for anything else.
Result<std::vector<uint64_t>> StatusNumbers(std::string_view status, std::string_view key,
                                            int base);

// The same as exactly one number.
Result<uint64_t> StatusNumber(std::string_view status, std::string_view key, int base);

// The task's id in its innermost PID namespace, as it sees itself: the last number of NSpid.
Result<pid_t> InnerId(std::string_view status);

// The same of thread `tid` of process `pid`; both are numbers of this process's namespace.
Result<pid_t> ReadInnerTid(pid_t pid, pid_t tid);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_TASK_STATUS_H_
