#include "supervisor/restore/job_stop.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/tracee/ptrace.h"

namespace tardigrade {
namespace {

using Clock = std::chrono::steady_clock;
using ptrace::WaitStatus;

constexpr auto kStopLimit = std::chrono::seconds(30);

uint64_t Bit(int signal) { return uint64_t{1} << (signal - 1); }

Error Unexpected(pid_t tid, const WaitStatus& status) {
  return Error(ErrorCode::kInternal, StrCat("stopping thread ", tid, ": ", status.ToString()));
}

// Returns whether the thread is in a group-stop.  The steps:
// 1. With everything blocked, nothing but SIGSTOP can be taken from the queues, so what is pending for
//    the time after the stop stays there.
// 2. `signal` is delivered in its place.  The interrupt makes the thread trap behind that in any case:
//    kernel/signal.c, get_signal(), passes over stop signals in orphaned process groups.
Result<bool> StopFirst(pid_t pid, pid_t tid, int signal) {
  RETURN_IF_ERROR(ptrace::SetSignalMask(tid, ~uint64_t{0}));
  if (syscall(SYS_tgkill, pid, tid, SIGSTOP) != 0) return Error::Errno("stopping process ", pid);
  RETURN_IF_ERROR(ptrace::Continue(tid));
  ASSIGN_OR_RETURN(WaitStatus status, ptrace::WaitStopUntil(tid, Clock::now() + kStopLimit));
  if (status.kind != WaitStatus::Kind::kSignalStop || status.signal != SIGSTOP) return Unexpected(tid, status);
  RETURN_IF_ERROR(ptrace::SetSignalMask(tid, ~Bit(signal)));
  RETURN_IF_ERROR(ptrace::Interrupt(tid));
  RETURN_IF_ERROR(ptrace::Continue(tid, signal));
  ASSIGN_OR_RETURN(status, ptrace::WaitStopUntil(tid, Clock::now() + kStopLimit));
  if (status.kind != WaitStatus::Kind::kEventStop) return Unexpected(tid, status);
  return status.signal != 0;
}

}  // namespace

Status StopJob(pid_t pid, std::span<const pid_t> threads, int signal) {
  std::vector<uint64_t> masks;
  for (const pid_t tid : threads) {
    ASSIGN_OR_RETURN(const uint64_t mask, ptrace::GetSignalMask(tid));
    masks.push_back(mask);
    RETURN_IF_ERROR(ptrace::SetSignalMask(tid, ~uint64_t{0}));
  }
  ASSIGN_OR_RETURN(bool stopped, StopFirst(pid, threads[0], signal));
  if (!stopped) {
    ASSIGN_OR_RETURN(stopped, StopFirst(pid, threads[0], SIGSTOP));
  }
  if (!stopped) return Error(ErrorCode::kInternal, StrCat("process ", pid, " does not stop"));
  for (const pid_t tid : threads.subspan(1)) {
    RETURN_IF_ERROR(ptrace::Continue(tid));
    ASSIGN_OR_RETURN(const WaitStatus status, ptrace::WaitStopUntil(tid, Clock::now() + kStopLimit));
    if (status.kind != WaitStatus::Kind::kEventStop || status.signal == 0) return Unexpected(tid, status);
  }
  for (size_t i = 0; i < threads.size(); ++i) RETURN_IF_ERROR(ptrace::SetSignalMask(threads[i], masks[i]));
  return Ok();
}

Result<bool> HasPendingSigchld(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string status, ReadFile(StrCat("/proc/", pid, "/status")));
  ASSIGN_OR_RETURN(const uint64_t pending, StatusNumber(status, "ShdPnd", 16));
  return (pending & Bit(SIGCHLD)) != 0;
}

}  // namespace tardigrade
