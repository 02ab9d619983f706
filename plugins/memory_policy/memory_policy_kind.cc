#include "plugins/memory_policy/memory_policy_kind.h"

#include <sys/syscall.h>

#include "plugins/memory_policy/memory_policy_state.h"
#include "supervisor/kernel/numa_policy.h"

namespace tardigrade::memory_policy {
namespace {

constexpr size_t kNodeBytes = kMaxNumaNodes / 8;

}  // namespace

size_t MemoryPolicyKind::AddQueries(const TaskFacts&, SyscallPlan& plan) const {
  // ENOSYS without CONFIG_NUMA.
  return plan.Ask("get_mempolicy", SYS_get_mempolicy,
                  {Arg::Out(4), Arg::Out(kNodeBytes), kMaxNumaNodes + 1, 0, 0});
}

Result<Value> MemoryPolicyKind::Collect(const TaskFacts&, const Outcome& answers, size_t first,
                                        CollectContext&) const {
  MemoryPolicyState state;
  if (answers.result(first) < 0) return Encode(state);
  NumaPolicy policy;
  policy.mode = answers.Output<int32_t>(first, 0);
  const auto nodes = answers.Output<std::array<uint64_t, kNodeBytes / 8>>(first, 1);
  policy.nodes.assign(nodes.begin(), nodes.end());
  ASSIGN_OR_RETURN(state.policy, FormatNumaPolicy(policy));
  return Encode(state);
}

Status MemoryPolicyKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const auto state, Decode<MemoryPolicyState>(value, "memory_policy"));
  ASSIGN_OR_RETURN(const std::optional<NumaPolicy> policy, ParseNumaPolicy(state.policy));
  if (!policy.has_value()) {
    // The restorer's own may be another.
    plan[Phase::kThread].Ask("restoring the default NUMA policy", SYS_set_mempolicy, {0, 0, 0});
    return Ok();
  }
  plan[Phase::kThread].Add(
      StrCat("restoring the NUMA policy ", state.policy, " (its nodes must exist here)"),
      SYS_set_mempolicy,
      {policy->mode, Arg::Bytes(std::as_bytes(std::span(policy->nodes))), policy->maxnode()});
  return Ok();
}

}  // namespace tardigrade::memory_policy
