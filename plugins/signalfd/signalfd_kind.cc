#include "plugins/signalfd/signalfd_kind.h"

#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tardigrade::signalfd {

Status SignalfdKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return Ok();
}

Result<Value> SignalfdKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                    CollectContext&) const {
  SignalfdState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.mask, file.info.FindNumber("sigmask", 16));
  return Encode(state);
}

Result<ScopedFd> SignalfdKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const SignalfdState state, Decode<SignalfdState>(value, "signalfd"));
  // Past glibc, whose sigset_t has more bits than the kernel's.
  ScopedFd fd(
      static_cast<int>(syscall(SYS_signalfd4, -1, &state.mask, sizeof(state.mask), SFD_CLOEXEC)));
  if (!fd.valid()) return Error::Errno("signalfd4");
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status SignalfdKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const SignalfdState state, Decode<SignalfdState>(value, "signalfd"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::signalfd
