#include "supervisor/resource/fd_owner.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "supervisor/kernel/task_status.h"

namespace tardigrade {
namespace {

// fcntl(2): what F_SETFL may change.
constexpr uint64_t kSettable = O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK;

Error ForeignOwner(const FdFacts& file, const f_owner_ex& owner) {
  return Error(ErrorCode::kUnsupported,
               StrCat("fd ", file.fd, " signals process or group ", owner.pid,
                      " when it becomes ready (F_SETOWN), which is not saved along with it; "
                      "reset the owner with F_SETOWN first"));
}

// As the job sees it; nullopt if it is none of the job's.
std::optional<pid_t> InnerOwner(const FdFacts& file, const f_owner_ex& owner) {
  if (file.job == nullptr)
    return owner.pid == file.pid ? std::optional(file.inner_pid) : std::nullopt;
  return owner.type == F_OWNER_PGRP ? file.job->InnerGroup(owner.pid)
                                    : file.job->InnerProcess(owner.pid);
}

}  // namespace

Result<std::optional<FdOwner>> ReadFdOwner(const FdFacts& file) {
  if ((file.info.flags & O_PATH) != 0) return std::optional<FdOwner>();
  f_owner_ex owner = {};
  if (fcntl(file.local_fd, F_GETOWN_EX, &owner) != 0)
    return Error::Errno("F_GETOWN_EX on fd ", file.fd);
  const int signal = fcntl(file.local_fd, F_GETSIG);
  if (signal < 0) return Error::Errno("F_GETSIG on fd ", file.fd);
  if (owner.pid == 0 && signal == 0 && (file.info.flags & O_ASYNC) == 0)
    return std::optional<FdOwner>();

  FdOwner state{.type = static_cast<int32_t>(owner.type), .id = 0, .signal = signal};
  if (owner.pid == 0) return std::optional(state);
  if (owner.type == F_OWNER_TID) {
    const Result<pid_t> inner = ReadInnerTid(file.pid, owner.pid);
    if (!inner.has_value()) return ForeignOwner(file, owner);
    state.id = inner.value();
  } else {
    const std::optional<pid_t> inner = InnerOwner(file, owner);
    if (!inner.has_value()) return ForeignOwner(file, owner);
    state.id = *inner;
  }
  return std::optional(state);
}

void PlanFdOwner(const std::optional<FdOwner>& owner, uint64_t flags, int fd, SyscallPlan& plan) {
  if (!owner.has_value()) return;
  const f_owner_ex who{.type = static_cast<decltype(f_owner_ex::type)>(owner->type),
                       .pid = owner->id};
  if (owner->id != 0)
    plan.Add(StrCat("setting who is signalled by fd ", fd), SYS_fcntl,
             {fd, F_SETOWN_EX, Arg::Copy(who)});
  if (owner->signal != 0)
    plan.Add(StrCat("setting the signal of fd ", fd), SYS_fcntl, {fd, F_SETSIG, owner->signal});
  if ((flags & O_ASYNC) != 0)
    plan.Add(StrCat("setting O_ASYNC on fd ", fd), SYS_fcntl, {fd, F_SETFL, flags & kSettable});
}

}  // namespace tardigrade
