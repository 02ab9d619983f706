#ifndef PLUGINS_SYSCALL_USER_DISPATCH_SYSCALL_USER_DISPATCH_KIND_H_
#define PLUGINS_SYSCALL_USER_DISPATCH_SYSCALL_USER_DISPATCH_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::syscall_user_dispatch {

@DOC@
class SyscallUserDispatchKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "syscall_user_dispatch"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::syscall_user_dispatch

#endif  // PLUGINS_SYSCALL_USER_DISPATCH_SYSCALL_USER_DISPATCH_KIND_H_
