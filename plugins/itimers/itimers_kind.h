#ifndef PLUGINS_ITIMERS_ITIMERS_KIND_H_
#define PLUGINS_ITIMERS_ITIMERS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::itimers {

@DOC@
class ItimersKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "itimers"; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::itimers

#endif  // PLUGINS_ITIMERS_ITIMERS_KIND_H_
