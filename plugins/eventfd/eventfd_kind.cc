#include "plugins/eventfd/eventfd_kind.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tardigrade::eventfd {
namespace {

bool IsReady(int local_fd, short events) {
  pollfd poller{.fd = local_fd, .events = events, .revents = 0};
  return poll(&poller, 1, /*timeout_ms=*/0) == 1 && (poller.revents & events) != 0;
}

// See the class comment.  Nobody who waits on it sees a change: whoever is woken looks at the count
// again, which is the old one by then.
Result<bool> ProbeSemaphore(int local_fd, uint64_t count) {
  const Error full(
      ErrorCode::kUnsupported,
      "this kernel does not tell whether an eventfd is a semaphore, and its count is at the limit");
  if (count >= UINT64_MAX - 3 || !IsReady(local_fd, POLLOUT)) return full;
  uint64_t value = 2;
  if (write(local_fd, &value, sizeof(value)) != sizeof(value))
    return Error::Errno("probing an eventfd");
  if (read(local_fd, &value, sizeof(value)) != sizeof(value))
    return Error::Errno("probing an eventfd");
  if (value == 1) {
    if (read(local_fd, &value, sizeof(value)) != sizeof(value))
      return Error::Errno("probing an eventfd");
    return true;
  }
  if (count != 0 && write(local_fd, &count, sizeof(count)) != sizeof(count))
    return Error::Errno("putting back the count of an eventfd");
  return false;
}

}  // namespace

Status EventfdKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return Ok();
}

Result<Value> EventfdKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                   CollectContext&) const {
  EventfdState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.count, file.info.FindNumber("eventfd-count", 16));
  if (file.info.fields.contains("eventfd-semaphore")) {
    ASSIGN_OR_RETURN(const uint64_t semaphore, file.info.FindNumber("eventfd-semaphore", 10));
    state.semaphore = semaphore != 0;
  } else {
    ASSIGN_OR_RETURN(state.semaphore, ProbeSemaphore(file.local_fd, state.count));
  }
  return Encode(state);
}

Result<ScopedFd> EventfdKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const EventfdState state, Decode<EventfdState>(value, "eventfd"));
  ScopedFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | (state.semaphore ? EFD_SEMAPHORE : 0)));
  if (!fd.valid()) return Error::Errno("eventfd");
  if (state.count != 0 && write(fd.get(), &state.count, sizeof(state.count)) != sizeof(state.count))
    return Error::Errno("setting the count of an eventfd");
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status EventfdKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const EventfdState state, Decode<EventfdState>(value, "eventfd"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::eventfd
