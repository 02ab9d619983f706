#include "plugins/syscall_user_dispatch/syscall_user_dispatch_kind.h"

#include "supervisor/resource/syscall_user_dispatch.h"

namespace tardigrade::syscall_user_dispatch {

Result<Value> SyscallUserDispatchKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                               CollectContext&) const {
  ASSIGN_OR_RETURN(const SyscallUserDispatchState state, GetSyscallUserDispatch(task.tid));
  return Encode(state);
}

Status SyscallUserDispatchKind::Restore(const Value& value, const RestoreFacts&, TaskPlan&) const {
  RETURN_IF_ERROR(Decode<SyscallUserDispatchState>(value, "syscall_user_dispatch"));
  return Ok();
}

}  // namespace tardigrade::syscall_user_dispatch
