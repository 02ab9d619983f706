#include "supervisor/restore/finisher.h"

#include <dirent.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <map>
#include <new>
#include <span>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/resource/syscall_user_dispatch.h"
#include "supervisor/restore/interrupted_call.h"
#include "supervisor/tracee/ptrace.h"

namespace tardigrade {
namespace {

using Clock = std::chrono::steady_clock;
using protocol::RestorerState;
using ptrace::WaitStatus;

constexpr auto kStopLimit = std::chrono::seconds(30);

// Unlike a job that runs already, one that is half made is to die with its maker.
Status SeizeToDieWithMe(pid_t tid, bool suspend_seccomp) {
  const int options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | (suspend_seccomp ? PTRACE_O_SUSPEND_SECCOMP : 0);
  if (::ptrace(PTRACE_SEIZE, tid, nullptr, options) == 0) return Ok();
  // kernel/ptrace.c, check_ptrace_options().
  if (errno == EPERM && suspend_seccomp)
    return Error(ErrorCode::kDenied, "the job has seccomp filters, which only a caller with CAP_SYS_ADMIN and no filter "
                                     "of its own may restore; restore as root");
  return Error::Errno("PTRACE_SEIZE of thread ", tid);
}

// Beside the options it was seized with, less those that seccomp needed.
Status StopAtExit(pid_t tid) {
  if (::ptrace(PTRACE_SETOPTIONS, tid, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT) == 0)
    return Ok();
  return Error::Errno("PTRACE_SETOPTIONS of thread ", tid);
}

Result<std::map<pid_t, pid_t>> OuterTids(pid_t pid) {
  std::map<pid_t, pid_t> by_inner;
  const std::string path = StrCat("/proc/", pid, "/task");
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return Error::Errno("opening ", path);
  std::vector<pid_t> tids;
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] != '.') tids.push_back(std::atoi(entry->d_name));
  }
  closedir(dir);
  for (const pid_t tid : tids) {
    ASSIGN_OR_RETURN(const pid_t inner, ReadInnerTid(pid, tid));
    by_inner.emplace(inner, tid);
  }
  return by_inner;
}

// Through ptrace and last of all: it would catch the restorer's own calls.
Status RestoreDispatch(pid_t tid, const std::vector<KindState>& states) {
  for (const KindState& state : states) {
    if (state.kind != "syscall_user_dispatch") continue;
    ASSIGN_OR_RETURN(const auto dispatch, Decode<SyscallUserDispatchState>(state.state, state.kind));
    RETURN_IF_ERROR(SetSyscallUserDispatch(tid, dispatch), "restoring syscall user dispatch");
  }
  return Ok();
}

}  // namespace

Result<Finisher> Finisher::Attach(pid_t leader, bool seccomp) {
  RETURN_IF_ERROR(SeizeToDieWithMe(leader, seccomp));
  return Finisher(leader, seccomp);
}

Status Finisher::AwaitParked(Segment& segment, const LoadedProcess& process, const Watcher& watcher) {
  RETURN_IF_ERROR(AwaitState(segment, RestorerState::kAwaitingSeccomp, watcher));
  RETURN_IF_ERROR(SeizeThreads(process));
  if (!seccomp_) return Ok();
  segment.InstallSeccomp();
  return AwaitState(segment, RestorerState::kParked, watcher);
}

Status Finisher::CheckAlive(const std::function<Status()>& failure) {
  ASSIGN_OR_RETURN(const std::optional<WaitStatus> change, ptrace::PollStop(leader_));
  RETURN_IF_ERROR(failure());
  if (!change.has_value()) return Ok();
  if (change->gone())
    return Error(ErrorCode::kTraceeGone, StrCat("the task ended while it was made: ", change->ToString()));
  if (change->kind == WaitStatus::Kind::kSignalStop) {
    const Result<arch::Registers> at = ptrace::GetRegisters(leader_);
    return Error(ErrorCode::kInternal,
                 StrCat("the task got signal ", change->signal, " while it was made",
                        at.has_value() ? arch::Where(at.value()) : std::string()));
  }
  return ptrace::Continue(leader_);
}

Status Finisher::AwaitState(Segment& segment, RestorerState wanted, const Watcher& watcher) {
  for (;;) {
    const uint32_t parked = segment.parked();
    bool all = true;
    for (size_t i = 0; i < segment.threads(); ++i) {
      const auto state = static_cast<RestorerState>(
          __atomic_load_n(reinterpret_cast<uint32_t*>(&segment.slot(i).state), __ATOMIC_ACQUIRE));
      if (state == RestorerState::kFailed) return segment.FailureOf(i);
      all = all && (state == RestorerState::kParked || state == wanted);
    }
    if (all) return Ok();
    RETURN_IF_ERROR(CheckAlive(watcher.failure));
    RETURN_IF_ERROR(watcher.waiting());
    segment.WaitParked(parked, /*timeout_ms=*/20);
  }
}

Status Finisher::SeizeThreads(const LoadedProcess& process) {
  std::map<pid_t, pid_t> by_inner;
  ASSIGN_OR_RETURN(by_inner, OuterTids(leader_));
  for (const ThreadDocument& thread : process.document.threads) {
    const auto it = by_inner.find(thread.tid);
    if (it == by_inner.end()) return Error(ErrorCode::kInternal, StrCat("thread ", thread.tid, " was not made"));
    tids_.push_back(it->second);
    if (it->second != leader_) RETURN_IF_ERROR(SeizeToDieWithMe(it->second, seccomp_));
  }
  return Ok();
}

Status Finisher::StopThreads() {
  for (const pid_t tid : tids_) RETURN_IF_ERROR(ptrace::Interrupt(tid));
  for (const pid_t tid : tids_) {
    ASSIGN_OR_RETURN(const int signal, ptrace::WaitEventStopUntil(tid, Clock::now() + kStopLimit));
    (void)signal;
  }
  return Ok();
}

Status Finisher::AwaitReplay(Segment& segment, size_t thread, arch::Registers& saved) {
  protocol::RestorerSlot& slot = segment.slot(thread);
  const arch::InterruptedCall wanted = arch::CallOf(saved);
  // The thread parks, then makes its call: it may have been stopped on the way.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (__atomic_load_n(&slot.replay_done, __ATOMIC_ACQUIRE) != 0) {
      arch::FinishCall(saved, segment.ReplayResult(thread));
      return Ok();
    }
    ASSIGN_OR_RETURN(const arch::Registers now, ptrace::GetRegisters(tids_[thread]));
    const arch::InterruptedCall call = arch::CallOf(now);
    if (call.in_call && call.number == wanted.number && call.result == -arch::kErestartRestartblock) return Ok();
    RETURN_IF_ERROR(ptrace::Continue(tids_[thread]));
    usleep(attempt < 10 ? 100 : 2000);
    RETURN_IF_ERROR(ptrace::Interrupt(tids_[thread]));
    ASSIGN_OR_RETURN(const int signal, ptrace::WaitEventStopUntil(tids_[thread], Clock::now() + kStopLimit));
    (void)signal;
  }
  return Error(ErrorCode::kInternal, StrCat("thread ", tids_[thread], " does not sleep"));
}

// By the first thread that is to live.
Result<int64_t> Finisher::Call(const Segment& segment, uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                               uint64_t arg3) {
  const pid_t tid = leader_exits_ ? tids_[1] : leader_;
  ASSIGN_OR_RETURN(arch::Registers registers, ptrace::GetRegisters(tid));
  arch::AimCall(registers, segment.syscall_insn(), number, arg0, arg1, arg2, arg3);
  RETURN_IF_ERROR(ptrace::SetRegisters(tid, registers));
  for (const char* stop : {"entry", "exit"}) {
    RETURN_IF_ERROR(ptrace::ContinueToSyscall(tid));
    ASSIGN_OR_RETURN(const WaitStatus status, ptrace::WaitStopUntil(tid, Clock::now() + kStopLimit));
    if (status.kind != WaitStatus::Kind::kSyscallStop)
      return Error(ErrorCode::kInternal, StrCat(status.ToString(), " instead of the ", stop, " of system call ", number));
  }
  ASSIGN_OR_RETURN(registers, ptrace::GetRegisters(tid));
  return arch::CallOf(registers).result;
}

Status Finisher::Forget(Segment& segment, const StopNotices& notices) {
  for (const int32_t child : notices.to_forget) {
    ASSIGN_OR_RETURN(const int64_t result, Call(segment, SYS_wait4, static_cast<uint64_t>(child), 0, WUNTRACED | WNOHANG | __WALL));
    if (result != child) return Error(ErrorCode::kInternal, StrCat("waiting for the stop of process ", child, " gave ", result));
  }
  if (!notices.signalled) return Ok();
  struct Wanted {
    uint64_t set = uint64_t{1} << (SIGCHLD - 1);
    timespec none = {};
  };
  const auto* wanted = new (segment.scratch()) Wanted;
  static_assert(sizeof(Wanted) <= Segment::kScratchBytes);
  const uint64_t at = reinterpret_cast<uint64_t>(wanted);
  ASSIGN_OR_RETURN(const int64_t result, Call(segment, SYS_rt_sigtimedwait, at + offsetof(Wanted, set), 0,
                                              at + offsetof(Wanted, none), sizeof(wanted->set)));
  // Nobody is told where nobody wants to know (SA_NOCLDSTOP).
  if (result == SIGCHLD || result == -EAGAIN) return Ok();
  return Error(ErrorCode::kInternal, StrCat("taking the notice of a stop gave ", result));
}

Status Finisher::UnmapSegment(const Segment& segment) {
  const pid_t tid = leader_exits_ ? tids_[1] : leader_;
  // Its own, from which the calls are made, is the last.
  for (const Segment::Place& place : segment.ToUnmap()) {
    ASSIGN_OR_RETURN(const int64_t result, Call(segment, SYS_munmap, place.start, place.size), "unmapping the restorer");
    if (result != 0) return Error::Syscall(ErrorCode::kRemote, static_cast<int>(-result), "unmapping the restorer");
  }
  // Only in an event stop does the kernel look at -ERESTART* again, see arch_do_signal_or_restart().
  RETURN_IF_ERROR(ptrace::Interrupt(tid));
  RETURN_IF_ERROR(ptrace::Continue(tid));
  ASSIGN_OR_RETURN(const int signal, ptrace::WaitEventStopUntil(tid, Clock::now() + kStopLimit));
  (void)signal;
  return Ok();
}

// Sends the leader into exit(2), from within the segment, up to the point of no return: there it is
// stopped, has no use for its memory any more, and can still be detached.  A traced zombie could not
// be, and its parent would not hear of it.
Status Finisher::ExitLeader(const Segment& segment, int32_t exit_code) {
  RETURN_IF_ERROR(StopAtExit(leader_), "preparing the end of the main thread");
  ASSIGN_OR_RETURN(arch::Registers registers, ptrace::GetRegisters(leader_));
  arch::AimCall(registers, segment.syscall_insn(), SYS_exit, static_cast<uint64_t>(exit_code), 0);
  RETURN_IF_ERROR(ptrace::SetRegisters(leader_, registers));
  RETURN_IF_ERROR(ptrace::Continue(leader_));
  ASSIGN_OR_RETURN(const WaitStatus status, ptrace::WaitStopUntil(leader_, Clock::now() + kStopLimit));
  if (status.kind != WaitStatus::Kind::kOtherEvent || status.event != PTRACE_EVENT_EXIT)
    return Error(ErrorCode::kInternal, StrCat("ending the main thread: ", status.ToString()));
  leader_exits_ = true;
  return Ok();
}

Status Finisher::AwaitZombie() {
  const Clock::time_point deadline = Clock::now() + kStopLimit;
  for (;;) {
    ASSIGN_OR_RETURN(const std::string status, ReadFile(StrCat("/proc/", leader_, "/status")));
    ASSIGN_OR_RETURN(const std::string_view state, StatusField(status, "State"));
    if (state.starts_with('Z')) return Ok();
    if (Clock::now() >= deadline) return Error(ErrorCode::kInternal, "the main thread does not end");
    usleep(100);
  }
}

Status Finisher::Arm(Segment& segment, const LoadedProcess& process, const StopNotices& notices) {
  RETURN_IF_ERROR(StopThreads(), "stopping the restored threads");
  std::vector<arch::Registers> registers;
  const std::optional<int32_t>& exit_code = process.document.threads[0].exit_code;
  if (exit_code) RETURN_IF_ERROR(ExitLeader(segment, *exit_code));
  for (size_t i = 0; i < tids_.size(); ++i) {
    arch::Registers saved = process.threads[i].registers;
    if (segment.slot(i).replay != 0) {
      RETURN_IF_ERROR(AwaitReplay(segment, i, saved));
    } else {
      FinishWithoutReplay(saved);
    }
    registers.push_back(saved);
  }
  RETURN_IF_ERROR(Forget(segment, notices));
  RETURN_IF_ERROR(UnmapSegment(segment));
  for (size_t i = leader_exits_ ? 1 : 0; i < tids_.size(); ++i) {
    const ThreadDocument& document = process.document.threads[i];
    RETURN_IF_ERROR(ptrace::SetExtendedState(tids_[i], process.threads[i].extended_state));
    RETURN_IF_ERROR(ptrace::SetRegisters(tids_[i], registers[i]));
    RETURN_IF_ERROR(ptrace::SetSignalMask(tids_[i], document.signal_mask));
    RETURN_IF_ERROR(RestoreDispatch(tids_[i], document.states));
  }
  return Ok();
}

Status Finisher::LeaveExitedLeader() {
  if (!leader_exits_ || leader_left_) return Ok();
  leader_left_ = true;
  RETURN_IF_ERROR(ptrace::Detach(leader_));
  return AwaitZombie();
}

Status Finisher::Stop(int signal) {
  // It would not stop, and yet be waited for: kernel/exit.c, exit_signals().
  RETURN_IF_ERROR(LeaveExitedLeader());
  return StopJob(leader_, std::span(tids_).subspan(leader_exits_ ? 1 : 0), signal);
}

Status Finisher::Release() {
  RETURN_IF_ERROR(LeaveExitedLeader());
  for (auto it = tids_.rbegin(); it != tids_.rend(); ++it) {
    if (leader_exits_ && *it == leader_) continue;
    const Status detached = ptrace::Detach(*it);
    // A thread may have been ended by one that was let go before.
    if (!detached.has_value() && detached.error().code() != ErrorCode::kTraceeGone) return detached;
  }
  return Ok();
}

}  // namespace tardigrade
