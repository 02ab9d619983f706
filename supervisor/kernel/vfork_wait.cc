#include "supervisor/kernel/vfork_wait.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/proc_stat.h"

namespace tardigrade {
namespace {

// struct clone_args begins with the flags.
std::optional<uint64_t> FlagsOfClone3(pid_t pid, unsigned long args) {
  uint64_t flags = 0;
  const iovec local = {&flags, sizeof(flags)};
  const iovec remote = {reinterpret_cast<void*>(args), sizeof(flags)};
  if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof(flags)) return std::nullopt;
  return flags;
}

}  // namespace

std::optional<BlockedCall> ParseSyscall(std::string_view text) {
  BlockedCall call;
  if (std::sscanf(std::string(text).c_str(), "%ld %lx", &call.number, &call.first_argument) != 2)
    return std::nullopt;
  return call.number < 0 ? std::nullopt : std::optional(call);
}

bool IsInVfork(pid_t pid, pid_t tid) {
  const std::string base = StrCat("/proc/", pid, "/task/", tid);
  // It sleeps killably: TASK_KILLABLE shows as 'D'.
  const Result<std::string> stat_text = ReadFile(base + "/stat");
  if (!stat_text.has_value()) return false;
  const Result<ProcStat> stat = ParseProcStat(stat_text.value());
  if (!stat.has_value() || stat.value().state != 'D') return false;
  const Result<std::string> text = ReadFile(base + "/syscall");
  if (!text.has_value()) return false;
  const std::optional<BlockedCall> call = ParseSyscall(text.value());
  if (!call.has_value()) return false;
  switch (call->number) {
    case SYS_vfork:
      return true;
    case SYS_clone:
      return (call->first_argument & CLONE_VFORK) != 0;
    case SYS_clone3:
      return (FlagsOfClone3(pid, call->first_argument).value_or(0) & CLONE_VFORK) != 0;
    default:
      return false;
  }
}

}  // namespace tardigrade
