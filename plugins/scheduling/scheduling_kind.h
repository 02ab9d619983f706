#ifndef PLUGINS_SCHEDULING_SCHEDULING_KIND_H_
#define PLUGINS_SCHEDULING_SCHEDULING_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::scheduling {

// Policy, priorities, utilization clamps, CPU affinity and I/O priority of a thread.
//
// A policy or nice value the restorer may not give is denied before anything is made.  CPUs that
// do not exist here are left out of an affinity; if none is left, or the thread could use
// every CPU of its machine, it may use all there are here.
class SchedulingKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "scheduling"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::scheduling

#endif  // PLUGINS_SCHEDULING_SCHEDULING_KIND_H_
