#include "supervisor/tracee/ptrace.h"

#include <elf.h>
#include <errno.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "supervisor/base/fibers.h"
#include "supervisor/tracee/ptrace_denied.h"

namespace tardigrade::ptrace {
namespace {

// Absent from older headers (Linux 6.4).
constexpr long kSetSyscallUserDispatchConfig = 0x4210;
constexpr long kGetSyscallUserDispatchConfig = 0x4211;

// Larger than any NT_X86_XSTATE: AMX makes it 11 KiB.
constexpr size_t kMaxExtendedStateBytes = 64 << 10;

// The system call itself: glibc's wrapper reinterprets PEEK requests and adds nothing else.
long Raw(long request, pid_t tid, uint64_t addr, const void* data) {
  return syscall(SYS_ptrace, request, tid, addr, data);
}
const void* AsData(uint64_t value) { return reinterpret_cast<const void*>(value); }

Error Failed(const char* request, pid_t tid) {
  const int err = errno;
  const ErrorCode code = err == ESRCH                    ? ErrorCode::kTraceeGone
                         : err == EPERM || err == EACCES ? ErrorCode::kDenied
                                                         : ErrorCode::kSystem;
  return Error::Syscall(code, err, StrCat(request, " of thread ", tid));
}

Status Do(long request, const char* name, pid_t tid, uint64_t addr, const void* data) {
  if (Raw(request, tid, addr, data) < 0) return Failed(name, tid);
  return Ok();
}

Result<std::optional<WaitStatus>> Wait(pid_t tid, int flags) {
  int status = 0;
  pid_t got;
  do {
    got = waitpid(tid, &status, __WALL | flags);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == ECHILD)
    return Error(ErrorCode::kTraceeGone, StrCat("thread ", tid, " is gone"));
  if (got < 0) return Error::Errno("waiting for thread ", tid);
  if (got == 0) return std::optional<WaitStatus>();
  return std::optional(ParseWaitStatus(status));
}

}  // namespace

std::string WaitStatus::ToString() const {
  switch (kind) {
    case Kind::kExited:
      return StrCat("exited with status ", exit_status);
    case Kind::kKilled:
      return StrCat("killed by signal ", signal);
    case Kind::kEventStop:
      return signal == 0 ? "interrupted" : StrCat("group-stopped by signal ", signal);
    case Kind::kSyscallStop:
      return "at a system call";
    case Kind::kSignalStop:
      return StrCat("about to receive signal ", signal);
    case Kind::kOtherEvent:
      return StrCat("at ptrace event ", event);
  }
  return "unknown";
}

WaitStatus ParseWaitStatus(int status) {
  using Kind = WaitStatus::Kind;
  if (WIFEXITED(status)) return {.kind = Kind::kExited, .exit_status = WEXITSTATUS(status)};
  if (WIFSIGNALED(status)) return {.kind = Kind::kKilled, .signal = WTERMSIG(status)};
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  // A group-stop shows its signal beside the event, any other event shows SIGTRAP.
  if (event == PTRACE_EVENT_STOP)
    return {.kind = Kind::kEventStop, .signal = signal == SIGTRAP ? 0 : signal, .event = event};
  if (event != 0) return {.kind = Kind::kOtherEvent, .signal = signal, .event = event};
  if (signal == (SIGTRAP | 0x80)) return {.kind = Kind::kSyscallStop, .signal = SIGTRAP};
  return {.kind = Kind::kSignalStop, .signal = signal};
}

Status Seize(pid_t tid) {
  if (Raw(PTRACE_SEIZE, tid, 0, AsData(PTRACE_O_TRACESYSGOOD)) == 0) return Ok();
  if (errno == EPERM) return ExplainDenied(tid);
  return Failed("PTRACE_SEIZE", tid);
}

Status Interrupt(pid_t tid) { return Do(PTRACE_INTERRUPT, "PTRACE_INTERRUPT", tid, 0, nullptr); }

Result<WaitStatus> WaitStop(pid_t tid) {
  ASSIGN_OR_RETURN(const std::optional<WaitStatus> status, Wait(tid, 0));
  return *status;
}

Result<std::optional<WaitStatus>> PollStop(pid_t tid) { return Wait(tid, WNOHANG); }

Result<WaitStatus> WaitStopUntil(pid_t tid, std::chrono::steady_clock::time_point deadline) {
  constexpr std::chrono::nanoseconds kFirstNap(5'000), kLongestNap(1'000'000);
  for (auto nap = kFirstNap;; nap = std::min(nap * 2, kLongestNap)) {
    ASSIGN_OR_RETURN(const std::optional<WaitStatus> status, PollStop(tid));
    if (status) return *status;
    if (std::chrono::steady_clock::now() >= deadline)
      return Error::Syscall(ErrorCode::kSystem, ETIMEDOUT,
                            StrCat("waiting for thread ", tid, " to stop"));
    Nap(nap);
  }
}

Result<int> WaitEventStopUntil(pid_t tid, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    ASSIGN_OR_RETURN(const WaitStatus status, WaitStopUntil(tid, deadline));
    if (status.gone())
      return Error(ErrorCode::kTraceeGone, StrCat("thread ", tid, " ", status.ToString()));
    if (status.kind == WaitStatus::Kind::kEventStop) return status.signal;
    const bool delivers = status.kind == WaitStatus::Kind::kSignalStop;
    RETURN_IF_ERROR(Continue(tid, delivers ? status.signal : 0));
  }
}

Status Continue(pid_t tid, int signal) {
  return Do(PTRACE_CONT, "PTRACE_CONT", tid, 0, AsData(static_cast<uint64_t>(signal)));
}

Status ContinueToSyscall(pid_t tid, int signal) {
  return Do(PTRACE_SYSCALL, "PTRACE_SYSCALL", tid, 0, AsData(static_cast<uint64_t>(signal)));
}

Status Listen(pid_t tid) { return Do(PTRACE_LISTEN, "PTRACE_LISTEN", tid, 0, nullptr); }

Status Detach(pid_t tid, int signal) {
  return Do(PTRACE_DETACH, "PTRACE_DETACH", tid, 0, AsData(static_cast<uint64_t>(signal)));
}

Result<arch::Registers> GetRegisters(pid_t tid) {
  arch::Registers registers = {};
  iovec vec = {&registers, sizeof registers};
  RETURN_IF_ERROR(Do(PTRACE_GETREGSET, "PTRACE_GETREGSET(NT_PRSTATUS)", tid, NT_PRSTATUS, &vec));
  // The kernel picks the layout by the thread's code segment.
  if (vec.iov_len != sizeof registers)
    return Error(ErrorCode::kUsage, StrCat("thread ", tid, " runs 32-bit code"));
  return registers;
}

Status SetRegisters(pid_t tid, const arch::Registers& registers) {
  iovec vec = {const_cast<arch::Registers*>(&registers), sizeof registers};
  return Do(PTRACE_SETREGSET, "PTRACE_SETREGSET(NT_PRSTATUS)", tid, NT_PRSTATUS, &vec);
}

Result<std::vector<std::byte>> GetExtendedState(pid_t tid) {
  // Not cleared for each thread of the job anew.
  thread_local const std::unique_ptr<std::byte[]> state(new std::byte[kMaxExtendedStateBytes]);
  iovec vec = {state.get(), kMaxExtendedStateBytes};
  RETURN_IF_ERROR(
      Do(PTRACE_GETREGSET, "PTRACE_GETREGSET(NT_X86_XSTATE)", tid, NT_X86_XSTATE, &vec));
  return std::vector<std::byte>(state.get(), state.get() + vec.iov_len);
}

Status SetExtendedState(pid_t tid, std::span<const std::byte> state) {
  iovec vec = {const_cast<std::byte*>(state.data()), state.size()};
  return Do(PTRACE_SETREGSET, "PTRACE_SETREGSET(NT_X86_XSTATE)", tid, NT_X86_XSTATE, &vec);
}

Result<uint64_t> GetSignalMask(pid_t tid) {
  uint64_t mask = 0;
  RETURN_IF_ERROR(Do(PTRACE_GETSIGMASK, "PTRACE_GETSIGMASK", tid, sizeof mask, &mask));
  return mask;
}

Status SetSignalMask(pid_t tid, uint64_t mask) {
  return Do(PTRACE_SETSIGMASK, "PTRACE_SETSIGMASK", tid, sizeof mask, &mask);
}

Result<std::vector<siginfo_t>> PeekPendingSignals(pid_t tid, bool process_wide) {
  constexpr int kAtOnce = 64;
  std::vector<siginfo_t> all;
  for (;;) {
    siginfo_t some[kAtOnce];
    const ptrace_peeksiginfo_args args = {
        .off = all.size(),
        .flags = process_wide ? static_cast<uint32_t>(PTRACE_PEEKSIGINFO_SHARED) : 0,
        .nr = kAtOnce};
    const long count = Raw(PTRACE_PEEKSIGINFO, tid, reinterpret_cast<uint64_t>(&args), some);
    if (count < 0) return Failed("PTRACE_PEEKSIGINFO", tid);
    all.insert(all.end(), some, some + count);
    if (count < kAtOnce) return all;
  }
}

Result<siginfo_t> GetSignalInfo(pid_t tid) {
  siginfo_t info = {};
  RETURN_IF_ERROR(Do(PTRACE_GETSIGINFO, "PTRACE_GETSIGINFO", tid, 0, &info));
  return info;
}

Result<RseqConfiguration> GetRseqConfiguration(pid_t tid) {
  RseqConfiguration config;
  static_assert(sizeof config == sizeof(ptrace_rseq_configuration));
  RETURN_IF_ERROR(Do(PTRACE_GET_RSEQ_CONFIGURATION, "PTRACE_GET_RSEQ_CONFIGURATION", tid,
                     sizeof config, &config));
  return config;
}

Result<std::optional<SyscallUserDispatch>> GetSyscallUserDispatch(pid_t tid) {
  SyscallUserDispatch config;
  if (Raw(kGetSyscallUserDispatchConfig, tid, sizeof config, &config) >= 0)
    return std::optional(config);
  if (errno == EIO || errno == EINVAL) return std::optional<SyscallUserDispatch>();
  return Failed("PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG", tid);
}

Status SetSyscallUserDispatch(pid_t tid, const SyscallUserDispatch& config) {
  return Do(kSetSyscallUserDispatchConfig, "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG", tid,
            sizeof config, &config);
}

Result<std::vector<std::vector<sock_filter>>> GetSeccompFilters(pid_t tid) {
  std::vector<std::vector<sock_filter>> filters;
  // Past the last one it is ENOENT: kernel/seccomp.c, get_nth_filter().
  for (;;) {
    const long count = Raw(PTRACE_SECCOMP_GET_FILTER, tid, filters.size(), nullptr);
    if (count < 0 && errno == ENOENT) return filters;
    if (count < 0) return Failed("PTRACE_SECCOMP_GET_FILTER", tid);
    std::vector<sock_filter> filter(static_cast<size_t>(count));
    if (Raw(PTRACE_SECCOMP_GET_FILTER, tid, filters.size(), filter.data()) != count)
      return Failed("PTRACE_SECCOMP_GET_FILTER", tid);
    filters.push_back(std::move(filter));
  }
}

Status SuspendSeccomp(pid_t tid, bool suspend) {
  const uint64_t options = PTRACE_O_TRACESYSGOOD | (suspend ? PTRACE_O_SUSPEND_SECCOMP : 0);
  return Do(PTRACE_SETOPTIONS, "PTRACE_SETOPTIONS", tid, 0, AsData(options));
}

}  // namespace tardigrade::ptrace
