#ifndef PLUGINS_MQUEUE_MQUEUE_KIND_H_
#define PLUGINS_MQUEUE_MQUEUE_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::mqueue {

// Descriptors of POSIX message queues (mq_open(3)).
class MqueueKind final : public FdKind {
 public:
  std::string_view name() const override { return "mqueue"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  bool is_in_ipc_namespace() const override { return true; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
  // A queue notifies one process (mq_notify(3)), and forgets it when that closes any descriptor of
  // the queue.
  Result<Value> CollectOfProcess(const FdFacts& file) const override;
  Status PlanOfProcess(const Value& state, const Value& of_process, int fd, int32_t sharer,
                       SyscallPlan& plan) const override;
};

}  // namespace tardigrade::mqueue

#endif  // PLUGINS_MQUEUE_MQUEUE_KIND_H_
