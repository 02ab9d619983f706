#ifndef PLUGINS_EPOLL_EPOLL_KIND_H_
#define PLUGINS_EPOLL_EPOLL_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::epoll {

// epoll instances with their interest lists, which the task itself fills.
//
// An entry belongs to an open file under a number.  When the file has left the number, it visits it
// again for the time of the adding; refused is a file that is open nowhere in the process (kcmp(2)
// tells, or where there is none, the inode).  An edge-triggered entry that is ready
// reports once more.  A one-shot entry that has fired stays silent, but for an error or hangup that
// comes later: those cannot be masked.
class EpollKind final : public FdKind {
 public:
  std::string_view name() const override { return "epoll"; }
  bool Claims(const FdFacts& file) const override { return file.link == "anon_inode:[eventpoll]"; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanBeforeLocks(const Value& state, int fd, SyscallPlan& plan) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::epoll

#endif  // PLUGINS_EPOLL_EPOLL_KIND_H_
