#ifndef PLUGINS_PROCESS_RELATIONS_PROCESS_RELATIONS_KIND_H_
#define PLUGINS_PROCESS_RELATIONS_PROCESS_RELATIONS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::process_relations {

// Saves nothing: refuses threads with their own descriptors or working directory.  What ties whole
// processes to each other is the engine's business.
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
