#include "supervisor/checkpoint/relations.h"

#include <string>
#include <vector>

#include "supervisor/kernel/children.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade {
Status CheckHasNoChildren(pid_t pid) {
  ASSIGN_OR_RETURN(const std::vector<pid_t> children, ListChildren(pid));
  if (children.empty()) return Ok();
  std::string list;
  for (const pid_t child : children) list += StrCat(list.empty() ? "" : " ", child);
  return Error(ErrorCode::kUnsupported, StrCat("it has children: ", list, "; snapshot the whole tree with --tree"));
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
  document.shared = process.shared;
  ASSIGN_OR_RETURN(document.process_group, innermost("NSpgid"));
  ASSIGN_OR_RETURN(document.session, innermost("NSsid"));
  if (process.has_ended) document.exit_status = process.stat.exit_code;
  return document;
}

}  // namespace tardigrade
