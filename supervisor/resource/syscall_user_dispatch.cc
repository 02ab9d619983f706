#include "supervisor/resource/syscall_user_dispatch.h"

#include <sys/ptrace.h>

namespace tardigrade {
namespace {

constexpr auto kSet =
    static_cast<__ptrace_request>(0x4210);  // PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG
constexpr auto kGet =
    static_cast<__ptrace_request>(0x4211);  // PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG

struct Config {  // struct ptrace_sud_config
  uint64_t mode;
  uint64_t selector;
  uint64_t offset;
  uint64_t length;
};

}  // namespace

Result<SyscallUserDispatchState> GetSyscallUserDispatch(pid_t tid) {
  Config config{};
  if (ptrace(kGet, tid, sizeof(config), &config) == 0)
    return SyscallUserDispatchState{config.mode, config.selector, config.offset, config.length};
  if (errno == EIO || errno == EINVAL) return SyscallUserDispatchState{};
  return Error::Errno("asking for syscall user dispatch of thread ", tid);
}

Status SetSyscallUserDispatch(pid_t tid, const SyscallUserDispatchState& state) {
  if (state.mode == 0) return Ok();
  Config config{state.mode, state.selector, state.offset, state.length};
  if (ptrace(kSet, tid, sizeof(config), &config) == 0) return Ok();
  if (errno == EIO)
    return Error(
        ErrorCode::kUnsupported,
        StrCat("thread ", tid, " had syscall user dispatch, which needs Linux 6.4 to restore"));
  return Error::Errno("restoring syscall user dispatch of thread ", tid);
}

}  // namespace tardigrade
