#include "plugins/pidfd/pidfd_kind.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace tardigrade::pidfd {
namespace {

constexpr uint64_t kThread = O_EXCL;  // PIDFD_THREAD, since Linux 6.9.
constexpr idtype_t kPidfdId = static_cast<idtype_t>(3);  // P_PIDFD

// struct pidfd_info as of Linux 6.15, include/uapi/linux/pidfd.h.
struct Info {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t pid, tgid, ppid;
  uint32_t ids[8];
  int32_t exit_code;
};
static_assert(sizeof(Info) == 64);
constexpr uint64_t kInfoExit = 1 << 3;
constexpr unsigned long kGetInfo = _IOWR(0xff, 11, Info);

std::optional<int32_t> ExitStatusOf(int local_fd) {
  Info info = {};
  info.mask = kInfoExit;
  if (ioctl(local_fd, kGetInfo, &info) != 0 || (info.mask & kInfoExit) == 0) return std::nullopt;
  return info.exit_code & 0xffff;
}

// Seen from the supervisor; -1 for a process that is gone.
Result<pid_t> ReadPid(const FdFacts& file) {
  ASSIGN_OR_RETURN(const std::string_view text, file.info.Find("Pid"));
  if (text == "-1") return pid_t{-1};
  ASSIGN_OR_RETURN(const uint64_t pid, file.info.FindNumber("Pid", 10));
  return static_cast<pid_t>(pid);
}

Result<int32_t> InnerPid(const FdFacts& file) {
  ASSIGN_OR_RETURN(const pid_t outer, ReadPid(file));
  if (outer < 0) return 0;
  const bool alone = file.job == nullptr;
  const std::optional<pid_t> inner =
      alone ? (outer == file.pid ? std::optional(file.inner_pid) : std::nullopt)
            : file.job->InnerProcess(outer);
  if (inner.has_value()) return *inner;
  if (outer == 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd, " is a pidfd of a process in a PID namespace that is not seen from here; "
                        "close it first"));
  if ((file.info.flags & kThread) != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd, " is a pidfd of the single thread ", outer,
                        " (PIDFD_THREAD), which cannot be saved; close it first"));
  return Error(ErrorCode::kUnsupported,
               StrCat("fd ", file.fd, " is a pidfd of process ", outer,
                      ", which is not saved along with it; close it first, or snapshot with --tree a process "
                      "from which both descend"));
}

[[noreturn]] void EndWith(int32_t status) {
  if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
  const rlimit none = {};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)signal(WTERMSIG(status), SIG_DFL);
  (void)kill(getpid(), WTERMSIG(status));
  sigset_t open;
  sigemptyset(&open);
  (void)sigprocmask(SIG_SETMASK, &open, nullptr);
  _exit(128 + WTERMSIG(status));
}

// Nobody is signalled at its end.  Its pid, any that is free, is free again then.
Result<ScopedFd> MakeGone(int32_t status, bool of_thread) {
  int pidfd = -1;
  clone_args args = {};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  const long pid = syscall(SYS_clone3, &args, sizeof(args));
  if (pid < 0) return Error::Errno("making a process that is to be gone");
  if (pid == 0) EndWith(status);
  ScopedFd plain(pidfd);
  ScopedFd wanted;
  if (of_thread) {
    wanted.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid, kThread)));
    if (!wanted.valid()) return Error::Errno("pidfd_open of a thread");
  }
  siginfo_t info = {};
  while (waitid(kPidfdId, static_cast<id_t>(plain.get()), &info, WEXITED | __WALL) != 0) {
    if (errno != EINTR) return Error::Errno("waiting for a process that is to be gone");
  }
  return of_thread ? std::move(wanted) : std::move(plain);
}

}  // namespace

Status PidfdKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(InnerPid(file));
  return Ok();
}

Result<Value> PidfdKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                 CollectContext&) const {
  PidfdState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.pid, InnerPid(file));
  if (state.pid == 0) state.exit_status = ExitStatusOf(file.local_fd);
  return Encode(state);
}

Result<ScopedFd> PidfdKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const PidfdState state, Decode<PidfdState>(value, "pidfd"));
  const bool of_thread = (state.open.flags & kThread) != 0;
  ScopedFd fd;
  if (state.pid == 0) {
    ASSIGN_OR_RETURN(fd, MakeGone(state.exit_status.value_or(0), of_thread));
  } else {
    fd.Reset(static_cast<int>(syscall(SYS_pidfd_open, state.pid, of_thread ? kThread : 0)));
    if (!fd.valid()) return Error::Errno("pidfd_open of process ", state.pid);
  }
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status PidfdKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const PidfdState state, Decode<PidfdState>(value, "pidfd"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::pidfd
