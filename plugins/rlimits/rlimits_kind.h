#ifndef PLUGINS_RLIMITS_RLIMITS_KIND_H_
#define PLUGINS_RLIMITS_RLIMITS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::rlimits {

@DOC@
class RlimitsKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "rlimits"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::rlimits

#endif  // PLUGINS_RLIMITS_RLIMITS_KIND_H_
