#include "supervisor/tracee/frozen_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/tracee/proc_status.h"
#include "supervisor/tracee/ptrace.h"
#include "supervisor/tracee/read_thread.h"
#include "supervisor/tracee/seize.h"
#include "supervisor/tracee/visit.h"

namespace tardigrade {
namespace {

// Raises the calling thread's priority: among hundreds of spinning threads a supervisor that waits
// for its turn makes the pause a thousand times as long.  Without the right to, nothing changes.
// Makes its naps short as well.
class ScopedHighPriority {
 public:
  ScopedHighPriority()
      : before_(getpriority(PRIO_PROCESS, 0)), slack_ns_(prctl(PR_GET_TIMERSLACK)) {
    constexpr int kHighest = -20;
    (void)setpriority(PRIO_PROCESS, 0, kHighest);
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
  }
  ~ScopedHighPriority() {
    (void)setpriority(PRIO_PROCESS, 0, before_);
    (void)prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(slack_ns_));
  }
  ScopedHighPriority(const ScopedHighPriority&) = delete;
  ScopedHighPriority& operator=(const ScopedHighPriority&) = delete;

 private:
  int before_;
  int slack_ns_;
};

class SeizedProcess final : public FrozenProcess {
 public:
  SeizedProcess(pid_t pid, const FreezeOptions& options)
      : pid_(pid), options_(options), seized_(pid) {
    if (options_.deadline == std::chrono::steady_clock::time_point())
      options_.deadline = std::chrono::steady_clock::time_point::max();
  }

  Status Freeze() {
    const auto repair = [this](const SeizedThreads::Thread& thread) {
      return RepairStop(pid_, thread);
    };
    RETURN_IF_ERROR(seized_.SeizeAll(options_.deadline, repair), "freezing process ", pid_);
    ASSIGN_OR_RETURN(const TraceeStatus status, ReadStatus(pid_, pid_));
    const bool nested_pids = status.inner_tids.size() > 1;
    threads_.reserve(seized_.threads().size());
    for (const SeizedThreads::Thread& thread : seized_.threads()) {
      ASSIGN_OR_RETURN(FrozenThread frozen, ReadThread(pid_, thread, nested_pids),
                       "reading thread ", thread.tid, " of process ", pid_);
      threads_.push_back(std::move(frozen));
    }
    return Ok();
  }

  pid_t pid() const override { return pid_; }
  std::span<const FrozenThread> threads() const override { return threads_; }

  Status Visit(std::span<std::vector<uint64_t>> programs) override {
    if (left_) return Error(ErrorCode::kInternal, "visiting a process that was left");
    return tardigrade::Visit(pid_, threads_, options_).Run(programs);
  }

  Status Leave(LeaveAs how) override {
    if (left_) return Error(ErrorCode::kInternal, "leaving a process twice");
    left_ = true;
    if (how == LeaveAs::kKilled) return Kill();
    // Pending when the threads go on, so they stop before they do anything.
    if (how == LeaveAs::kStopped && kill(pid_, SIGSTOP) != 0)
      return Error::Errno("stopping process ", pid_);
    seized_.DetachAll();
    return Ok();
  }

 private:
  Status Kill() {
    if (kill(pid_, SIGKILL) != 0) return Error::Errno("killing process ", pid_);
    seized_.WaitForDeath();
    return Ok();
  }

  pid_t pid_;
  FreezeOptions options_;
  ScopedHighPriority priority_;
  SeizedThreads seized_;
  std::vector<FrozenThread> threads_;
  bool left_ = false;
};

}  // namespace

Result<std::unique_ptr<FrozenProcess>> FrozenProcess::Freeze(pid_t pid,
                                                             const FreezeOptions& options) {
  RETURN_IF_ERROR(CheckFreezable(pid));
  auto process = std::make_unique<SeizedProcess>(pid, options);
  RETURN_IF_ERROR(process->Freeze());
  return std::unique_ptr<FrozenProcess>(std::move(process));
}

}  // namespace tardigrade
