#include "supervisor/checkpoint/relations.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "supervisor/kernel/children.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade {
namespace {

struct Sharing {
  int type;
  const char* what;
};
constexpr Sharing kSharings[] = {{KCMP_VM, "memory"},
                                 {KCMP_FILES, "a descriptor table"},
                                 {KCMP_FS, "a working directory"},
                                 {KCMP_SIGHAND, "signal handlers"}};

// 0, 1, 2: equal, less, greater; -1 (EPERM) when one of both may not be looked at.
long Compare(pid_t a, pid_t b, int type) { return syscall(SYS_kcmp, a, b, type, 0, 0); }

Error Refuse(pid_t a, pid_t b, const Sharing& sharing) {
  return Error(ErrorCode::kUnsupported,
               StrCat("processes ", a, " and ", b, " share ", sharing.what,
                      " (CLONE_VM, CLONE_FILES, CLONE_FS or CLONE_SIGHAND without CLONE_THREAD), which cannot be saved yet; "
                      "try again when one of them has called exec"));
}

Status CheckParent(const ProcessSurvey& root) {
  if (root.stat.ppid == 0) return Ok();  // Outside this PID namespace.
  for (const Sharing& sharing : kSharings) {
    if (Compare(root.pid, root.stat.ppid, sharing.type) == 0) return Refuse(root.pid, root.stat.ppid, sharing);
  }
  return Ok();
}

}  // namespace

Status CheckHasNoChildren(pid_t pid) {
  ASSIGN_OR_RETURN(const std::vector<pid_t> children, ListChildren(pid));
  if (children.empty()) return Ok();
  std::string list;
  for (const pid_t child : children) list += StrCat(list.empty() ? "" : " ", child);
  return Error(ErrorCode::kUnsupported, StrCat("it has children: ", list, "; snapshot the whole tree with --tree"));
}

Status CheckSharing(const Survey& survey) {
  RETURN_IF_ERROR(CheckParent(survey.processes[0]));
  std::vector<pid_t> pids;
  for (const ProcessSurvey& process : survey.processes) {
    if (!process.has_ended) pids.push_back(process.pid);
  }
  for (const Sharing& sharing : kSharings) {
    std::stable_sort(pids.begin(), pids.end(), [&](pid_t a, pid_t b) { return Compare(a, b, sharing.type) == 1; });
    const auto shared = std::adjacent_find(pids.begin(), pids.end(), [&](pid_t a, pid_t b) { return Compare(a, b, sharing.type) == 0; });
    if (shared != pids.end()) return Refuse(*shared, *(shared + 1), sharing);
  }
  return Ok();
}

Result<ProcessDocument> DescribeRelations(const ProcessSurvey& process) {
  ProcessDocument document;
  const auto innermost = [&](const char* key) -> Result<int32_t> {
    ASSIGN_OR_RETURN(const std::vector<uint64_t> ids, StatusNumbers(process.threads[0].status, key, 10));
    return ids.empty() ? 0 : static_cast<int32_t>(ids.back());
  };
  document.pid = process.inner_pid;
  document.parent = process.inner_parent;
  document.exit_signal = process.stat.exit_signal;
  ASSIGN_OR_RETURN(document.process_group, innermost("NSpgid"));
  ASSIGN_OR_RETURN(document.session, innermost("NSsid"));
  if (process.has_ended) document.exit_status = process.stat.exit_code;
  return document;
}

}  // namespace tardigrade
