#ifndef PLUGINS_RLIMITS_RLIMITS_KIND_H_
#define PLUGINS_RLIMITS_RLIMITS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::rlimits {

// Resource limits.  A hard limit above what the restorer may give is capped at the restorer's own,
// as long as the soft limit can be reached; else the restore is denied.  RLIMIT_CPU counts from the
// restore on.
class RlimitsKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "rlimits"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::rlimits

#endif  // PLUGINS_RLIMITS_RLIMITS_KIND_H_
