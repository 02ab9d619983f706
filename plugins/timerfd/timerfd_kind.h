#ifndef PLUGINS_TIMERFD_TIMERFD_KIND_H_
#define PLUGINS_TIMERFD_TIMERFD_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::timerfd {

// timerfd_create(2) descriptors.
//
// A restored timer has as long left to run as it had when collected, whatever time passed in
// between: time the program could not observe does not count.  One exception: a timer set to a
// time of the wall clock (TFD_TIMER_ABSTIME on CLOCK_REALTIME) expires at that time, or at once.
// It is armed by the task itself, the last moment before it runs.
//
// Needs CONFIG_CHECKPOINT_RESTORE for TFD_IOC_SET_TICKS (fs/timerfd.c) when expirations were left
// unread.
class TimerfdKind final : public FdKind {
 public:
  std::string_view name() const override { return "timerfd"; }
  bool Claims(const FdFacts& file) const override { return file.link == "anon_inode:[timerfd]"; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::timerfd

#endif  // PLUGINS_TIMERFD_TIMERFD_KIND_H_
