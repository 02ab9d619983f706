#include "supervisor/tracee/frozen_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "supervisor/kernel/living_thread.h"
#include "supervisor/kernel/read_maps.h"
#include "supervisor/tracee/arch/x86_64/gadgets.h"
#include "supervisor/tracee/leftovers.h"
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

constexpr int kTriesToSleep = 5;
constexpr auto kWayHomeGrace = std::chrono::seconds(3);

// Stopped on its way into restart_syscall(2): which call that goes on with shows when it sleeps.
bool IsToldBySleep(const FrozenThread& thread) {
  return thread.in_restarted_call && !thread.restarted_call && thread.stop_signal == 0;
}

class SeizedProcess final : public FrozenProcess {
 public:
  SeizedProcess(pid_t pid, const FreezeOptions& options)
      : pid_(pid), options_(options), seized_(pid) {}

  // While the process runs: what takes long and would otherwise be part of the pause.  Best effort.
  void LookBefore(pid_t living, const std::vector<MemoryMapping>& maps) {
    const arch::Gadgets hint = options_.gadgets == nullptr ? arch::Gadgets() : options_.gadgets->HintFor(maps);
    const Result<arch::Gadgets> found = arch::FindGadgets(living, maps, hint);
    if (!found.has_value()) return;
    gadgets_before_ = found.value();
    if (options_.gadgets != nullptr) options_.gadgets->Learn(maps, found.value());
  }

  Status Freeze() {
    frozen_at_ = std::chrono::steady_clock::now();
    const auto repair = [this](const SeizedThreads::Thread& thread) {
      return RepairStop(thread);
    };
    RETURN_IF_ERROR(seized_.SeizeAll(options_.deadline, repair), "freezing process ", pid_);
    living_ = seized_.threads()[0].tid;
    ASSIGN_OR_RETURN(const TraceeStatus status, ReadStatus(living_, living_));
    const bool nested_pids = status.inner_tids.size() > 1;
    threads_.reserve(seized_.threads().size());
    for (size_t i = 0; i < seized_.threads().size(); ++i) {
      const pid_t tid = seized_.threads()[i].tid;
      ASSIGN_OR_RETURN(FrozenThread frozen, ReadThread(seized_.threads()[i], nested_pids),
                       "reading thread ", tid, " of process ", pid_);
      for (int tries = 0; IsToldBySleep(frozen) && tries < kTriesToSleep; ++tries) {
        RETURN_IF_ERROR(seized_.StopInSleep(i, repair), "looking at the sleep of thread ", tid);
        ASSIGN_OR_RETURN(frozen, ReadThread(seized_.threads()[i], nested_pids));
      }
      threads_.push_back(std::move(frozen));
    }
    return Ok();
  }

  pid_t pid() const override { return living_; }
  std::span<const FrozenThread> threads() const override { return threads_; }

  std::chrono::steady_clock::time_point frozen_at() const override { return frozen_at_; }

  void SetNeighbours(std::span<const FrozenProcess* const> others) override {
    neighbours_.clear();
    for (const FrozenProcess* other : others) {
      for (const FrozenThread& thread : other->threads())
        neighbours_.push_back(arch::StackPointer(thread.registers));
    }
  }

  Status Visit(std::span<std::vector<uint64_t>> programs, const FrozenFacts& known) override {
    if (left_) return Error(ErrorCode::kInternal, "visiting a process that was left");
    return tardigrade::Visit(living_, threads_, gadgets_before_, neighbours_, options_).Run(programs, known);
  }

  void ForgetExtendedStates() override {
    for (FrozenThread& thread : threads_) thread.extended_state = std::vector<std::byte>();
  }

  // Pending, as in Leave(): threads whose tracer ends look for signals before they do anything.  One that is stopped stays so.
  Status StopWhenLeft() override {
    if (stop_pending_ || seized_.threads()[0].stop_signal != 0) return Ok();
    if (kill(pid_, SIGSTOP) != 0) return Error::Errno("stopping process ", pid_);
    stop_pending_ = true;
    return Ok();
  }

  // 1. With everything blocked the thread can take nothing but the SIGSTOP from the queues.
  // 2. It stops as it does, within get_signal() (kernel/signal.c) as before, and what a tracer does not hand on is gone.
  Status DoNotStop() override {
    if (!std::exchange(stop_pending_, false)) return Ok();
    const pid_t tid = seized_.threads()[0].tid;
    ASSIGN_OR_RETURN(const uint64_t mask, ptrace::GetSignalMask(tid));
    RETURN_IF_ERROR(ptrace::SetSignalMask(tid, ~uint64_t{0}));
    RETURN_IF_ERROR(ptrace::Continue(tid));
    ASSIGN_OR_RETURN(const ptrace::WaitStatus status, ptrace::WaitStopUntil(tid, std::chrono::steady_clock::now() + kWayHomeGrace));
    RETURN_IF_ERROR(ptrace::SetSignalMask(tid, mask));
    if (status.kind == ptrace::WaitStatus::Kind::kSignalStop && status.signal == SIGSTOP) return Ok();
    return Error(ErrorCode::kInternal, StrCat("taking SIGSTOP back from process ", pid_, ": ", status.ToString()));
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
  pid_t living_ = -1;  // The first thread; pid_ unless the main thread has exited.
  FreezeOptions options_;
  arch::Gadgets gadgets_before_;
  ScopedHighPriority priority_;
  SeizedThreads seized_;
  std::vector<FrozenThread> threads_;
  std::vector<uint64_t> neighbours_;  // Their stack pointers.
  std::chrono::steady_clock::time_point frozen_at_;
  bool left_ = false;
  bool stop_pending_ = false;
};

}  // namespace

// Threads that are on their way home get the time to arrive.
Result<std::unique_ptr<FrozenProcess>> FrozenProcess::Freeze(pid_t pid,
                                                             const FreezeOptions& given) {
  RETURN_IF_ERROR(CheckFreezable(pid));
  FreezeOptions options = given;
  if (options.deadline == std::chrono::steady_clock::time_point())
    options.deadline = std::chrono::steady_clock::time_point::max();
  const auto give_up = std::chrono::steady_clock::now() + kWayHomeGrace;
  for (;;) {
    // Read before the freeze, which it would make longer.
    ASSIGN_OR_RETURN(const pid_t living, LivingThread(pid));
    ASSIGN_OR_RETURN(const std::vector<MemoryMapping> maps, ReadMaps(living));
    const std::vector<MemoryMapping> left = FindLeftSegments(living, maps);
    auto process = std::make_unique<SeizedProcess>(pid, options);
    process->LookBefore(living, maps);
    RETURN_IF_ERROR(process->Freeze());
    const std::optional<pid_t> away = FindAwayThread(process->pid(), process->threads(), left);
    if (!away) {
      RETURN_IF_ERROR(DetachSegments(process->pid(), process->threads(), left, options),
                      "unmapping what a supervisor that was killed left in process ", pid);
      return std::unique_ptr<FrozenProcess>(std::move(process));
    }
    process.reset();
    if (std::chrono::steady_clock::now() >= give_up)
      return Error(ErrorCode::kUnsupported,
                   StrCat("thread ", *away, " of process ", pid,
                          " is still within the visit of a supervisor that was killed; it is to "
                          "run (SIGCONT, if it is stopped) before another"));
    usleep(1000);
  }
}

Status ClearAfterKilledSupervisors(pid_t pid, const FreezeOptions& options) {
  RETURN_IF_ERROR(CheckFreezable(pid));
  ASSIGN_OR_RETURN(const pid_t living, LivingThread(pid));
  ASSIGN_OR_RETURN(const std::vector<MemoryMapping> maps, ReadMaps(living));
  if (FindLeftSegments(living, maps).empty()) return Ok();
  ASSIGN_OR_RETURN(const std::unique_ptr<FrozenProcess> process,
                   FrozenProcess::Freeze(pid, options));
  return process->Leave(LeaveAs::kAsFound);
}

}  // namespace tardigrade
