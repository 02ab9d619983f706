#include "supervisor/checkpoint/frozen_tree.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/children.h"
#include "supervisor/kernel/proc_stat.h"

namespace tardigrade {
namespace {

bool IsGone(const Error& error) {
  return error.code() == ErrorCode::kTraceeGone || error.errno_value() == ENOENT || error.errno_value() == ESRCH;
}

// A process is a zombie to its parent when all its threads have ended.
Result<bool> HasEnded(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(StrCat("/proc/", pid, "/stat")));
  ASSIGN_OR_RETURN(const ProcStat stat, ParseProcStat(text));
  return (stat.state == 'Z' || stat.state == 'X') && stat.num_threads <= 1;
}

}  // namespace

Result<std::vector<TreeMember>> LookAtTree(pid_t root) {
  std::vector<TreeMember> members = {{.pid = root}};
  std::set<pid_t> known = {root};
  for (size_t i = 0; i < members.size(); ++i) {
    const TreeMember parent = members[i];
    if (parent.has_ended) continue;
    const Result<std::vector<pid_t>> children = ListChildren(parent.pid);
    if (!children.has_value()) {
      if (parent.pid == root) return children.error();
      continue;
    }
    for (const pid_t child : children.value()) {
      const Result<bool> ended = HasEnded(child);
      if (ended.has_value() && known.insert(child).second)
        members.push_back({.pid = child, .parent = parent.pid, .has_ended = ended.value()});
    }
  }
  return members;
}

Status FrozenTree::Add(pid_t pid, pid_t parent, const FreezeOptions& options) {
  ASSIGN_OR_RETURN(bool ended, HasEnded(pid));
  std::unique_ptr<FrozenProcess> process;
  if (!ended) {
    Result<std::unique_ptr<FrozenProcess>> frozen = FrozenProcess::Freeze(pid, options);
    if (frozen.has_value()) {
      process = std::move(frozen).value();
    } else {
      // It may have ended between the look and the freeze.
      const Result<bool> now = HasEnded(pid);
      if (parent < 0 || !now.has_value() || !now.value()) return frozen.error();
      ended = true;
    }
  }
  members_.push_back({.pid = pid, .parent = parent, .has_ended = ended});
  processes_.push_back(std::move(process));
  return Ok();
}

Result<bool> FrozenTree::AddChildren(size_t parent, const FreezeOptions& options) {
  if (members_[parent].has_ended) return false;
  bool added = false;
  const pid_t pid = members_[parent].pid;
  ASSIGN_OR_RETURN(const std::vector<pid_t> children, ListChildren(pid));
  for (const pid_t child : children) {
    const bool known = std::any_of(members_.begin(), members_.end(), [&](const TreeMember& m) { return m.pid == child; });
    if (known) continue;
    const Status done = Add(child, pid, options);
    // It has ended, and nobody had to wait for it (SIGCHLD ignored).
    if (!done.has_value() && IsGone(done.error())) continue;
    RETURN_IF_ERROR(done);
    added = true;
  }
  return added;
}

Result<std::unique_ptr<FrozenTree>> FrozenTree::Freeze(pid_t root, bool descendants, const FreezeOptions& options) {
  std::unique_ptr<FrozenTree> tree(new FrozenTree);
  // The root's own errors tell more than /proc does.
  ASSIGN_OR_RETURN(std::unique_ptr<FrozenProcess> process, FrozenProcess::Freeze(root, options));
  tree->members_.push_back({.pid = root});
  tree->processes_.push_back(std::move(process));
  for (bool again = descendants; again;) {
    again = false;
    for (size_t i = 0; i < tree->members_.size(); ++i) {
      ASSIGN_OR_RETURN(const bool added, tree->AddChildren(i, options), "freezing the children of process ", tree->members_[i].pid);
      again = again || added;
    }
  }
  return tree;
}

Status FrozenTree::Leave(LeaveAs how) {
  Status first = Ok();
  for (size_t i = members_.size(); i-- > 0;) {
    if (processes_[i] == nullptr) continue;
    Status left = processes_[i]->Leave(how);
    if (!left.has_value() && first.has_value()) first = std::move(left);
  }
  return first;
}

}  // namespace tardigrade
