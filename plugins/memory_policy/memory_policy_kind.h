#ifndef PLUGINS_MEMORY_POLICY_MEMORY_POLICY_KIND_H_
#define PLUGINS_MEMORY_POLICY_MEMORY_POLICY_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::memory_policy {

// The NUMA policy of a thread (set_mempolicy(2)): where memory without a policy of its own comes
// from.  Not exact: where an interleaving policy goes on.
class MemoryPolicyKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "memory_policy"; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::memory_policy

#endif  // PLUGINS_MEMORY_POLICY_MEMORY_POLICY_KIND_H_
