#include "supervisor/checkpoint/frozen_tree.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
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

constexpr uint64_t kExiting = 4;  // PF_EXITING, include/linux/sched.h: in do_exit(), perhaps without memory.

Result<ProcStat> ReadStat(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(StrCat("/proc/", pid, "/stat")));
  return ParseProcStat(text);
}

// A process is a zombie to its parent when all its threads have ended.
bool HasEnded(const ProcStat& stat) { return (stat.state == 'Z' || stat.state == 'X') && stat.num_threads <= 1; }

Result<bool> HasEnded(pid_t pid) {
  ASSIGN_OR_RETURN(const ProcStat stat, ReadStat(pid));
  return HasEnded(stat);
}

// Freezes a process that may end meanwhile: null if it has.  Errors: ENOENT and ESRCH also if nobody had
// to wait for it.
Result<std::unique_ptr<FrozenProcess>> FreezeUnlessEnded(pid_t pid, const FreezeOptions& options) {
  for (;;) {
    Result<std::unique_ptr<FrozenProcess>> frozen = FrozenProcess::Freeze(pid, options);
    if (frozen.has_value()) return frozen;
    ASSIGN_OR_RETURN(const ProcStat after, ReadStat(pid));
    if (HasEnded(after)) return std::unique_ptr<FrozenProcess>();
    if ((after.flags & kExiting) == 0 || std::chrono::steady_clock::now() >= options.deadline) return frozen;
    usleep(100);
  }
}

std::vector<ProcStat> ListProcesses() {
  std::vector<ProcStat> processes;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir("/proc"), closedir);
  if (dir == nullptr) return processes;
  while (const dirent* entry = readdir(dir.get())) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    Result<ProcStat> stat = ReadStat(pid);
    if (stat.has_value()) processes.push_back(std::move(stat).value());
  }
  return processes;
}

bool IsSelfOrAncestor(pid_t pid) {
  pid_t at = getpid();
  for (int depth = 0; depth < 1000 && at > 0; ++depth) {
    if (at == pid) return true;
    const Result<ProcStat> stat = ReadStat(at);
    if (!stat.has_value()) return false;
    at = stat.value().ppid;
  }
  return false;
}

// Sessions and process groups that began within the tree: not those that the root got from its parent.
class OwnIds {
 public:
  // `all`: what runs, the members among it.
  OwnIds(pid_t root, const std::set<pid_t>& members, const std::vector<ProcStat>& all) {
    for (const ProcStat& stat : all) {
      if (stat.pid == root) root_ = stat;
    }
    for (const ProcStat& stat : all) {
      if (!members.contains(stat.pid)) continue;
      if (stat.session != root_.session || root_.session == root_.pid) sessions_.insert(stat.session);
      if (stat.pgrp != root_.pgrp || root_.pgrp == root_.pid) groups_.insert(stat.pgrp);
    }
  }
  bool Has(const ProcStat& stat) const { return sessions_.contains(stat.session) || groups_.contains(stat.pgrp); }

 private:
  ProcStat root_;
  std::set<pid_t> sessions_;
  std::set<pid_t> groups_;
};

}  // namespace

bool IsLeaving(pid_t pid) {
  const Result<ProcStat> stat = ReadStat(pid);
  return !stat.has_value() || HasEnded(stat.value()) || ((stat.value().flags & kExiting) != 0 && stat.value().num_threads <= 1);
}

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
  ASSIGN_OR_RETURN(std::unique_ptr<FrozenProcess> process, FreezeUnlessEnded(pid, options));
  members_.push_back({.pid = pid, .parent = parent, .has_ended = process == nullptr});
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

Result<bool> FrozenTree::AddOrphans(const FreezeOptions& options) {
  std::set<pid_t> known;
  for (const TreeMember& member : members_) known.insert(member.pid);
  const std::vector<ProcStat> all = ListProcesses();
  const OwnIds own(members_[0].pid, known, all);
  bool added = false;
  for (const ProcStat& stat : all) {
    if (known.contains(stat.pid) || !own.Has(stat) || IsSelfOrAncestor(stat.pid)) continue;
    // Children come with their parents; zombies of others are theirs to wait for.
    if (known.contains(stat.ppid) || stat.state == 'Z' || stat.state == 'X') continue;
    const Status done = Add(stat.pid, -1, options);
    if (!done.has_value() && IsGone(done.error())) continue;
    RETURN_IF_ERROR(done, "freezing process ", stat.pid, ", an orphan of the tree");
    known.insert(stat.pid);
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
    if (again) continue;
    ASSIGN_OR_RETURN(again, tree->AddOrphans(options));
  }
  return tree;
}

Status FrozenTree::StopWhenLeft() {
  for (const std::unique_ptr<FrozenProcess>& process : processes_) {
    if (process != nullptr) RETURN_IF_ERROR(process->StopWhenLeft());
  }
  return Ok();
}

Status FrozenTree::DoNotStop() {
  Status first = Ok();
  for (const std::unique_ptr<FrozenProcess>& process : processes_) {
    if (process == nullptr) continue;
    Status taken_back = process->DoNotStop();
    if (!taken_back.has_value() && first.has_value()) first = std::move(taken_back);
  }
  return first;
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
