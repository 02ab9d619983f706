#ifndef PLUGINS_MEMORY_BOUNDS_MEMORY_BOUNDS_KIND_H_
#define PLUGINS_MEMORY_BOUNDS_MEMORY_BOUNDS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::memory_bounds {

// Where the kernel believes code, data, heap, stack, arguments and environment to be, the auxiliary
// vector, and the executable of a process: mm_struct, restored by PR_SET_MM_MAP (kernel/sys.c,
// prctl_set_mm_map()).  Another executable needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in the
// user namespace of the restored job, and the restorer's own no longer mapped.
class MemoryBoundsKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "memory_bounds"; }
  Status Check(const TaskFacts& task) const override;
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::memory_bounds

#endif  // PLUGINS_MEMORY_BOUNDS_MEMORY_BOUNDS_KIND_H_
