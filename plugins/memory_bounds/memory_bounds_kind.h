#ifndef PLUGINS_MEMORY_BOUNDS_MEMORY_BOUNDS_KIND_H_
#define PLUGINS_MEMORY_BOUNDS_MEMORY_BOUNDS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::memory_bounds {

@DOC@
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
