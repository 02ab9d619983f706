#ifndef PLUGINS_SYSCALL_USER_DISPATCH_SYSCALL_USER_DISPATCH_KIND_H_
#define PLUGINS_SYSCALL_USER_DISPATCH_SYSCALL_USER_DISPATCH_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::syscall_user_dispatch {

// Syscall user dispatch of a thread (Wine, gVisor).  The state is SyscallUserDispatchState.
//
// Restore() only checks it: once set, it would catch the restorer's own calls, so whoever restores
// sets it through ptrace when the thread is about to go, with SetSyscallUserDispatch().
class SyscallUserDispatchKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "syscall_user_dispatch"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::syscall_user_dispatch

#endif  // PLUGINS_SYSCALL_USER_DISPATCH_SYSCALL_USER_DISPATCH_KIND_H_
