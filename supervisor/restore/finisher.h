#ifndef SUPERVISOR_RESTORE_FINISHER_H_
#define SUPERVISOR_RESTORE_FINISHER_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/restore/loaded_image.h"
#include "supervisor/restore/segment.h"

namespace tardigrade {

// Follows a task from its birth to the moment the job runs, as its tracer.  Until
// Release() the task dies with this process (PTRACE_O_EXITKILL).
class Finisher {
 public:
  // Seizes the leader, which waits for the word to start.  `seccomp`: filters are going to be
  // installed, which must not judge the restorer.  Errors: kDenied without the right to suspend them.
  static Result<Finisher> Attach(pid_t leader, bool seccomp);

  // Asked for its error when the task has died, and now and then while the wait goes on, which an
  // error ends.
  struct Watcher {
    std::function<Status()> failure;
    std::function<Status()> waiting;
  };

  // Waits until every thread is parked in the segment, seccomp filters and all, and seizes them.
  // Errors: whatever a step failed with.
  Status AwaitParked(Segment& segment, const LoadedProcess& process, const Watcher& watcher);

  // For a wait on something else: lets the leader go on from stops it may have come to.  Errors: as
  // AwaitParked(), `failure` first.
  Status CheckAlive(const std::function<Status()>& failure);

  // Stops every thread, takes the segment away and gives all their registers.
  Status Arm(Segment& segment, const LoadedProcess& process);

  // Lets the process run: the point of no return.
  Status Release(int stop_signal);

  pid_t leader() const { return leader_; }

 private:
  Finisher(pid_t leader, bool seccomp) : leader_(leader), seccomp_(seccomp) {}
  Status SeizeThreads(const LoadedProcess& process);
  Status StopThreads();
  // Until no thread is in any other state than `wanted` or kParked.
  Status AwaitState(Segment& segment, protocol::RestorerState wanted, const Watcher& watcher);
  Status AwaitReplay(Segment& segment, size_t thread, arch::Registers& saved);
  Status UnmapSegment(const Segment& segment);
  Status ExitLeader(const Segment& segment, int32_t exit_code);
  Status AwaitZombie();

  pid_t leader_;
  bool seccomp_;
  bool leader_exits_ = false;  // It is on its way out of the kernel for good.
  std::vector<pid_t> tids_;    // As seen here; in the order of the image.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_FINISHER_H_
