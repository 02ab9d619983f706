#ifndef PLUGINS_ITIMERS_ITIMERS_KIND_H_
#define PLUGINS_ITIMERS_ITIMERS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::itimers {

// setitimer(2): ITIMER_REAL, ITIMER_VIRTUAL and ITIMER_PROF, with the time that was left.
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
