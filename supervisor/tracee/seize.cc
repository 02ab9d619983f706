#include "supervisor/tracee/seize.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "supervisor/tracee/proc_status.h"
#include "supervisor/tracee/ptrace.h"
#include "supervisor/tracee/sleep_clock.h"

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
  if (status.state == 'Z' || status.state == 'X') {
    ASSIGN_OR_RETURN(const std::vector<pid_t> tids, ListThreads(pid));
    if (tids.size() == 1)
      return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " has exited (a zombie)"));
    return Error(ErrorCode::kUnsupported,
                 StrCat("the main thread of process ", pid, " has exited while others go on"));
  }
  if (status.kernel_thread) return Error(ErrorCode::kUsage, StrCat(pid, " is a kernel thread"));
  return Ok();
}

Status SeizedThreads::SeizeOne(pid_t tid) {
  const Status seized = ptrace::Seize(tid);
  if (!seized.has_value()) {
    // It exited after the list was made.
    if (seized.error().code() == ErrorCode::kTraceeGone && tid != pid_) return Ok();
    return seized.error();
  }
  seized_[tid] = false;
  threads_.emplace_back().tid = tid;
  return Ok();
}

Result<size_t> SeizedThreads::SeizeNew() {
  ASSIGN_OR_RETURN(const std::vector<pid_t> tids, ListThreads(pid_));
  const size_t first_new = threads_.size();
  for (const pid_t tid : tids) {
    if (!seized_.contains(tid)) RETURN_IF_ERROR(SeizeOne(tid));
  }
  // Before the interrupts, which wake the sleepers.
  SleepClock clock(pid_);
  for (size_t i = first_new; i < threads_.size(); ++i)
    threads_[i].asleep_for_ns = clock.AsleepFor(threads_[i].tid);
  for (size_t i = first_new; i < threads_.size(); ++i) {
    const Status interrupted = ptrace::Interrupt(threads_[i].tid);
    if (!interrupted.has_value() && interrupted.error().code() != ErrorCode::kTraceeGone)
      return interrupted.error();
  }
  return threads_.size() - first_new;
}

Status SeizedThreads::WaitFor(size_t first_new, std::chrono::steady_clock::time_point deadline,
                              const OnStop& on_stop) {
  for (size_t i = first_new; i < threads_.size(); ++i) {
    const pid_t tid = threads_[i].tid;
    const Result<int> stopped = ptrace::WaitEventStopUntil(tid, deadline);
    if (stopped.has_value()) {
      threads_[i].stop_signal = stopped.value();
      seized_[tid] = true;
      RETURN_IF_ERROR(on_stop(threads_[i]));
    } else if (stopped.error().code() == ErrorCode::kTraceeGone) {
      if (tid == pid_) return Gone(pid_);
      seized_.erase(tid);
      threads_[i].tid = -1;
    } else {
      return stopped.error();
    }
  }
  std::erase_if(threads_, [](const Thread& thread) { return thread.tid == -1; });
  return Ok();
}

Status SeizedThreads::SeizeAll(std::chrono::steady_clock::time_point deadline,
                               const OnStop& on_stop) {
  for (;;) {
    const size_t first_new = threads_.size();
    ASSIGN_OR_RETURN(const size_t found, SeizeNew());
    if (found == 0) break;
    RETURN_IF_ERROR(WaitFor(first_new, deadline, on_stop));
  }
  std::stable_partition(threads_.begin(), threads_.end(),
                        [this](const Thread& thread) { return thread.tid == pid_; });
  if (threads_.empty() || threads_[0].tid != pid_) return Gone(pid_);
  return Ok();
}

void SeizedThreads::DetachAll() {
  // A thread that has not stopped yet cannot be detached.  It gets the chance; one that still does
  // not stop (in uninterruptible sleep) runs on, and is let go when this process exits.
  constexpr auto kGrace = std::chrono::milliseconds(100);
  const auto deadline = std::chrono::steady_clock::now() + kGrace;
  for (const auto& [tid, stopped] : seized_) {
    if (!stopped && !ptrace::WaitEventStopUntil(tid, deadline).has_value()) continue;
    (void)ptrace::Detach(tid);
  }
  seized_.clear();
  threads_.clear();
}

}  // namespace tardigrade
