#ifndef SUPERVISOR_CHECKPOINT_FROZEN_TREE_H_
#define SUPERVISOR_CHECKPOINT_FROZEN_TREE_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

// A process of the tree, as seen by the supervisor.
struct TreeMember {
  pid_t pid = -1;
  pid_t parent = -1;     // -1 of the root, and of orphans.
  bool has_ended = false;  // A zombie.
};

// `root` and all its descendants, parents before their children.  They may run, and come and go
// meanwhile: a first look.
Result<std::vector<TreeMember>> LookAtTree(pid_t root);

// Whether it has ended, or is on its way: what /proc and ptrace(2) say of it then means nothing.
bool IsLeaving(pid_t pid);

// A process, or one with all its descendants, at one moment: everybody is in ptrace-stop under this
// thread.  Destroying it leaves them as found.
class FrozenTree {
 public:
  // Freezes parents before their children, and looks again until no new one appears: a frozen
  // process makes no children, but inherits those of its descendants that end meanwhile.  Orphans are
  // found by their session or process group, if that is the tree's own.
  // `descendants`: else `root` alone.  Errors: as FrozenProcess::Freeze().
  static Result<std::unique_ptr<FrozenTree>> Freeze(pid_t root, bool descendants,
                                                    const FreezeOptions& options);

  // Root first, parents before their children.
  const std::vector<TreeMember>& members() const { return members_; }
  // As members(); null for one that has ended.
  FrozenProcess* process(size_t member) { return processes_[member].get(); }
  // When the first thread was about to be stopped.
  std::chrono::steady_clock::time_point frozen_at() const { return processes_[0]->frozen_at(); }

  // All of them: see FrozenProcess.
  Status StopWhenLeft();
  Status DoNotStop();
  // All of them; children first.
  Status Leave(LeaveAs how);

 private:
  Status Add(pid_t pid, pid_t parent, const FreezeOptions& options);
  // Freezes the children of member number `parent` that are not there yet; whether there were any.
  Result<bool> AddChildren(size_t parent, const FreezeOptions& options);
  // The same for orphans.
  Result<bool> AddOrphans(const FreezeOptions& options);

  std::vector<TreeMember> members_;
  std::vector<std::unique_ptr<FrozenProcess>> processes_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_FROZEN_TREE_H_
