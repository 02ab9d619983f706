#ifndef SUPERVISOR_RESTORE_BIRTH_PLAN_H_
#define SUPERVISOR_RESTORE_BIRTH_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/restore/loaded_image.h"

namespace tardigrade {

// Who makes whom, and when, so that parents, sessions and process groups come out as they were.
//
// A child is born into the session and the group of its parent, and only leaders of new ones change
// that, so children of the session a parent left later have to be born before it leaves.  What was led
// by the root's own leader (a shell, say) is the session and group of whoever restores.  Where the
// leader of anything else has ended and was waited for, a stand-in with its pid leads until all have
// joined.  Who has lost the parent it was born to is made by a process that ends: orphans go to whoever
// reaps for the restorer then, children that the process tree inherited to the one that did.
// Who shares memory with a sibling, and not with the parent, is made by that sibling.
// What processes share (SharedWith) they are born with; who only passes it on gives it up afterwards.
struct BirthPlan {
  static constexpr size_t npos = ~size_t{0};

  // A dead session leader: made by a task, makes the children that are in its session and exits.
  // They hang on the next subreaper then, which is the task while that goes on.
  struct SessionStandIn {
    int32_t pid = 0;
    std::vector<size_t> children;
    uint64_t born_sharing = 0;    // As Task's.
    uint64_t maker_unshares = 0;
  };

  // A process that is made by another than its parent: a child of a child that ends at once.
  struct Adoptee {
    size_t child = 0;
    int32_t between = 0;  // Pid of the child that ends.
  };

  // One process of the image, by its index.
  struct Task {
    std::vector<size_t> children_before;  // Born before the task leads its session,
    std::vector<size_t> children;         // and after that.
    std::vector<SessionStandIn> stand_ins;
    std::vector<Adoptee> adoptees_before;  // As children_before,
    std::vector<Adoptee> adoptees;         // and children, but they go to another parent.
    bool adopts = false;                   // It is that parent: a subreaper meanwhile.
    bool leads_session = false;
    int32_t group = 0;           // To join (or lead, if it is its own pid); 0: stay in the one it has.
    int32_t group_stand_in = 0;  // Pid of a dead group leader that the task stands in for by a child; or 0.
    // Leads a session with this foreground group; 0: the leader's own.
    int32_t foreground = 0;
    bool foreground_ended = false;       // Nobody is in it: it needs a stand-in for the moment.
    std::vector<size_t> ended_children;  // They end as zombies while the task watches.
    // clone(2) flags: what it has of its maker; CLONE_PARENT if that is a sibling, with which it shares memory.
    uint64_t born_sharing = 0;
    uint64_t maker_unshares = 0;  // What that has to give up just before, by unshare(2),
    uint64_t unshares = 0;        // and what it gives up itself when it has made its children.
  };

  std::vector<Task> tasks;  // As the image's processes.
  std::vector<int32_t> stand_in_pids;  // Those in between not among them.

  // Errors: kBadImage for sessions that cannot be; kUnsupported for those that could be only with
  // processes that are not in the image.
  // `is_free`: whether a pid that is not the image's may be used for who is in between.
  static Result<BirthPlan> Make(const LoadedImage& image, const std::function<bool(int32_t pid)>& is_free);
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_BIRTH_PLAN_H_
