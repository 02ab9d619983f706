#ifndef PLUGINS_POSIX_TIMERS_POSIX_TIMERS_KIND_H_
#define PLUGINS_POSIX_TIMERS_POSIX_TIMERS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::posix_timers {

@DOC@
class PosixTimersKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "posix_timers"; }
  Status Check(const TaskFacts& task) const override;
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::posix_timers

#endif  // PLUGINS_POSIX_TIMERS_POSIX_TIMERS_KIND_H_
