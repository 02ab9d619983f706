#ifndef SUPERVISOR_RESTORE_FINISHER_H_
#define SUPERVISOR_RESTORE_FINISHER_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/restore/job_stop.h"
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
  Status Arm(Segment& segment, const LoadedProcess& process, const StopNotices& notices);

  // After Arm(): stops the process by `signal`, and keeps it traced.
  Status Stop(int signal);

  // Lets the process run, unless it is stopped: the point of no return.
  Status Release();

  pid_t leader() const { return leader_; }

 private:
  Finisher(pid_t leader, bool seccomp) : leader_(leader), seccomp_(seccomp) {}
  Status SeizeThreads(const LoadedProcess& process);
  Status StopThreads();
  // Until no thread is in any other state than `wanted` or kParked.
  Status AwaitState(Segment& segment, protocol::RestorerState wanted, const Watcher& watcher);
  Status AwaitReplay(Segment& segment, size_t thread, arch::Registers& saved);
  // A system call of the task, which sits in the segment still.
  Result<int64_t> Call(const Segment& segment, uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2 = 0,
                       uint64_t arg3 = 0);
  Status Forget(Segment& segment, const StopNotices& notices);
  Status UnmapSegment(const Segment& segment);
  Status ExitLeader(const Segment& segment, int32_t exit_code);
  Status AwaitZombie();
  Status LeaveExitedLeader();

  pid_t leader_;
  bool seccomp_;
  bool leader_exits_ = false;  // It is on its way out of the kernel for good.
  bool leader_left_ = false;
  std::vector<pid_t> tids_;    // As seen here; in the order of the image.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_FINISHER_H_
