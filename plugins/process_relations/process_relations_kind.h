#ifndef PLUGINS_PROCESS_RELATIONS_PROCESS_RELATIONS_KIND_H_
#define PLUGINS_PROCESS_RELATIONS_PROCESS_RELATIONS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::process_relations {

// Saves nothing: refuses what ties a process to others and would be lost.  Children (kept by
// --tree only), threads with their own descriptors or working directory, and memory, descriptors,
// working directory or handlers shared with the parent (CLONE_VM, vfork(2), ...).  Sharing with
// processes that are neither parent nor child is not looked for: kcmp(2) would have to ask for
// every pair.
class ProcessRelationsKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "process_relations"; }
  Status Check(const TaskFacts& task) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::process_relations

#endif  // PLUGINS_PROCESS_RELATIONS_PROCESS_RELATIONS_KIND_H_
