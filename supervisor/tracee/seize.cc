#include "supervisor/tracee/seize.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <span>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/kernel_worker.h"
#include "supervisor/tracee/arch/x86_64/way_home.h"
#include "supervisor/tracee/proc_status.h"
#include "supervisor/tracee/ptrace.h"

namespace tardigrade {
namespace {

Error Gone(pid_t pid) { return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " is gone")); }

Result<std::vector<pid_t>> ListThreads(pid_t pid) {
  const std::string path = StrCat("/proc/", pid, "/task");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  if (dir == nullptr && errno == ENOENT) return Gone(pid);
  if (dir == nullptr) return Error::Errno("opening ", path);
  std::vector<pid_t> tids;
  while (const dirent* entry = readdir(dir.get())) {
    pid_t tid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, tid).ptr == end) tids.push_back(tid);
  }
  if (tids.empty()) return Gone(pid);
  return tids;
}

bool HasExited(const TraceeStatus& status) { return status.state == 'Z' || status.state == 'X'; }

}  // namespace

Status CheckFreezable(pid_t pid) {
  if (pid <= 0) return Error(ErrorCode::kUsage, StrCat(pid, " is no process id"));
  if (pid == getpid()) return Error(ErrorCode::kUsage, "cannot freeze itself");
  const Result<TraceeStatus> read = ReadStatus(pid, pid);
  if (!read.has_value() && read.error().code() == ErrorCode::kTraceeGone) {
    if (access(StrCat("/proc/", pid).c_str(), F_OK) == 0)
      return Error(ErrorCode::kUsage, StrCat(pid, " is a thread; give the process it belongs to"));
    return Error(ErrorCode::kUsage, StrCat("there is no process ", pid));
  }
  RETURN_IF_ERROR(read);
  const TraceeStatus& status = read.value();
  if (HasExited(status)) {
    ASSIGN_OR_RETURN(const std::vector<pid_t> tids, ListThreads(pid));
    if (tids.size() == 1)
      return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " has exited (a zombie)"));
  }
  if (status.kernel_thread) return Error(ErrorCode::kUsage, StrCat(pid, " is a kernel thread"));
  return Ok();
}

bool SeizedThreads::LeaderHasExited() const {
  const Result<TraceeStatus> status = ReadStatus(pid_, pid_);
  return status.has_value() && HasExited(status.value());
}

Status SeizedThreads::SeizeOne(pid_t tid) {
  const Status seized = ptrace::Seize(tid);
  if (!seized.has_value()) {
    // A zombie cannot be traced, and stays in the list as long as others run.
    if (tid == pid_ && LeaderHasExited()) return Ok();
    // It exited after the list was made.
    if (tid != pid_ && seized.error().code() == ErrorCode::kTraceeGone) return Ok();
    return seized.error();
  }
  seized_[tid] = false;
  threads_.emplace_back().tid = tid;
  return Ok();
}

Status SeizedThreads::SeizeNew() {
  ASSIGN_OR_RETURN(const std::vector<pid_t> tids, ListThreads(pid_));
  const size_t first_new = threads_.size();
  for (const pid_t tid : tids) {
    if (!seized_.contains(tid) && !IsKernelWorker(pid_, tid)) RETURN_IF_ERROR(SeizeOne(tid));
  }
  // Before the interrupts, which wake the sleepers.
  SleepClock clock(pid_);
  for (size_t i = first_new; i < threads_.size(); ++i) (void)LookAtSleeper(threads_[i], clock);
  return Ok();
}

bool SeizedThreads::LookAtSleeper(Thread& thread, SleepClock& clock) {
  const std::string dir = StrCat("/proc/", pid_, "/task/", thread.tid);
  const Result<std::string> text = ReadFile(dir + "/syscall");
  if (!text.has_value()) return false;
  const std::optional<int64_t> call = ParseSleepingCall(text.value());
  if (!call) return false;
  thread.stop_makes_eintr = arch::IsNeverRestarted(*call);
  if (*call == SYS_restart_syscall) {
    Result<std::string> channel = ReadFile(dir + "/wchan");
    if (channel.has_value()) thread.wait_channel = std::move(channel).value();
  }
  if (arch::HasTimeoutToShorten(*call)) thread.sleep = clock.Measure(thread.tid);
  return true;
}

Status SeizedThreads::StopInSleep(size_t index, const OnStop& on_stop) {
  constexpr int kLooks = 20;
  constexpr auto kGrace = std::chrono::seconds(5);
  Thread& thread = threads_[index];
  const pid_t tid = thread.tid;
  thread = Thread();
  thread.tid = tid;
  RETURN_IF_ERROR(ptrace::Continue(thread.tid));
  SleepClock clock(pid_);
  for (int look = 0; look < kLooks && !LookAtSleeper(thread, clock); ++look) usleep(200);
  RETURN_IF_ERROR(ptrace::Interrupt(thread.tid));
  RETURN_IF_ERROR(WaitFor(thread, std::chrono::steady_clock::now() + kGrace, on_stop));
  if (thread.tid == -1) return Gone(pid_);
  return Ok();
}

// A parent in vfork(2) waits uninterruptibly for its child, which runs on its stack
// (kernel/fork.c, wait_for_vfork_done()).
Status SeizedThreads::CheckNoVfork(pid_t tid) const {
  const std::string dir = StrCat("/proc/", pid_, "/task/", tid);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(dir + "/syscall"));
  const int64_t call = ParseSleepingCall(text).value_or(-1);
  ASSIGN_OR_RETURN(const TraceeStatus status, ReadStatus(pid_, tid));
  if (status.state != 'D' || (call != SYS_vfork && call != SYS_clone && call != SYS_clone3))
    return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("thread ", tid,
                      " waits in vfork(2) for a child that shares its memory; try "
                      "again when that has called exec"));
}

Result<int> SeizedThreads::WaitStop(pid_t tid, Deadline deadline) {
  constexpr auto kSoon = std::chrono::milliseconds(500);
  const Deadline soon = std::min(deadline, std::chrono::steady_clock::now() + kSoon);
  const Result<int> stopped = ptrace::WaitEventStopUntil(tid, soon);
  if (stopped.has_value() || stopped.error().errno_value() != ETIMEDOUT) return stopped;
  // The death of a traced main thread is not reported before that of the last other one
  // (kernel/exit.c, wait_consider_task()).
  if (tid == pid_ && LeaderHasExited()) return Gone(tid);
  RETURN_IF_ERROR(CheckNoVfork(tid));
  return ptrace::WaitEventStopUntil(tid, deadline);
}

Status SeizedThreads::WaitFor(Thread& thread, Deadline deadline, const OnStop& on_stop) {
  const Result<int> stopped = WaitStop(thread.tid, deadline);
  if (stopped.has_value()) {
    thread.stop_signal = stopped.value();
    seized_[thread.tid] = true;
    // Else it woke up before the stop, and may be in another sleep by now.
    if (thread.sleep && !SleepClock::LastedUntilStop(pid_, thread.tid, *thread.sleep))
      thread.sleep.reset();
    return on_stop(thread);
  }
  if (stopped.error().code() != ErrorCode::kTraceeGone) return stopped.error();
  if (thread.tid == pid_ && !LeaderHasExited()) return Gone(pid_);
  // Such a leader stays this tracer's, to be waited for when all are dead.
  if (thread.tid != pid_) seized_.erase(thread.tid);
  thread.tid = -1;
  return Ok();
}

// 1. Interrupt all that bear it, before waiting for any: they stop at the same time.
// 2. One by one interrupt those whose call says EINTR then, which on_stop takes back: a supervisor
//    that is killed in between lets it out, so the time in between is kept short.
// 3. Wait for the first.
Status SeizedThreads::StopFrom(size_t first_new, Deadline deadline, const OnStop& on_stop) {
  const std::span<Thread> fresh = std::span(threads_).subspan(first_new);
  const auto interrupt = [](const Thread& thread) -> Status {
    const Status done = ptrace::Interrupt(thread.tid);
    // It has exited; the wait will tell.
    if (!done.has_value() && done.error().code() == ErrorCode::kTraceeGone) return Ok();
    return done;
  };
  for (const Thread& thread : fresh) {
    if (!thread.stop_makes_eintr) RETURN_IF_ERROR(interrupt(thread));
  }
  for (Thread& thread : fresh) {
    if (!thread.stop_makes_eintr) continue;
    RETURN_IF_ERROR(interrupt(thread));
    RETURN_IF_ERROR(WaitFor(thread, deadline, on_stop));
  }
  for (Thread& thread : fresh) {
    if (!thread.stop_makes_eintr) RETURN_IF_ERROR(WaitFor(thread, deadline, on_stop));
  }
  std::erase_if(threads_, [](const Thread& thread) { return thread.tid == -1; });
  return Ok();
}

Status SeizedThreads::SeizeAll(Deadline deadline, const OnStop& on_stop) {
  for (;;) {
    const size_t first_new = threads_.size();
    RETURN_IF_ERROR(SeizeNew());
    if (threads_.size() == first_new) break;
    RETURN_IF_ERROR(StopFrom(first_new, deadline, on_stop));
  }
  std::stable_partition(threads_.begin(), threads_.end(),
                        [this](const Thread& thread) { return thread.tid == pid_; });
  if (threads_.empty() || (threads_[0].tid != pid_ && !LeaderHasExited())) return Gone(pid_);
  return Ok();
}

void SeizedThreads::ReapDead(pid_t tid, Deadline deadline) {
  const Result<TraceeStatus> status = ReadStatus(pid_, tid);
  const bool own_child = tid == pid_ && status.has_value() && status.value().parent == getpid();
  if (own_child) return;
  for (;;) {
    const Result<ptrace::WaitStatus> change = ptrace::WaitStopUntil(tid, deadline);
    if (!change.has_value() || change.value().gone()) return;
  }
}

void SeizedThreads::WaitForDeath() {
  constexpr auto kGrace = std::chrono::seconds(10);
  const auto deadline = std::chrono::steady_clock::now() + kGrace;
  // The leader is the last to die for those who wait.
  for (const auto& [tid, stopped] : seized_) {
    if (tid != pid_) ReapDead(tid, deadline);
  }
  ReapDead(pid_, deadline);
  seized_.clear();
  threads_.clear();
}

void SeizedThreads::DetachAll() {
  // A thread that has not stopped yet cannot be detached.  It gets the chance; one that still does
  // not stop (in uninterruptible sleep) runs on, and is let go when this process exits.
  constexpr auto kGrace = std::chrono::milliseconds(100);
  const auto deadline = std::chrono::steady_clock::now() + kGrace;
  bool died = false;
  for (const auto& [tid, stopped] : seized_) {
    if (!stopped && !ptrace::WaitEventStopUntil(tid, deadline).has_value()) continue;
    const Status detached = ptrace::Detach(tid);
    died |= !detached.has_value() && detached.error().code() == ErrorCode::kTraceeGone;
  }
  if (died) WaitForDeath();
  seized_.clear();
  threads_.clear();
}

}  // namespace tardigrade
