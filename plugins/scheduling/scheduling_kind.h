#ifndef PLUGINS_SCHEDULING_SCHEDULING_KIND_H_
#define PLUGINS_SCHEDULING_SCHEDULING_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::scheduling {

@DOC@
class SchedulingKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "scheduling"; }
  Status Check(const TaskFacts& task) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::scheduling

#endif  // PLUGINS_SCHEDULING_SCHEDULING_KIND_H_
