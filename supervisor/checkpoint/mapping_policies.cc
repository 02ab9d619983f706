#include "supervisor/checkpoint/mapping_policies.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include <array>
#include <vector>

#include "supervisor/checkpoint/ask_leader.h"
#include "supervisor/kernel/numa_policy.h"

namespace tardigrade {
namespace {

constexpr size_t kNodeBytes = kMaxNumaNodes / 8;
// Bounds the memory of one visit.
constexpr size_t kMappingsPerVisit = 4096;

Status ResolveSome(FrozenProcess& frozen, std::span<MappingDocument* const> mappings) {
  SyscallPlan plan;
  for (const MappingDocument* mapping : mappings)
    plan.Add(StrCat("get_mempolicy of ", Hex(mapping->start)), SYS_get_mempolicy,
             {Arg::Out(4), Arg::Out(kNodeBytes), kMaxNumaNodes + 1, mapping->start, MPOL_F_ADDR});
  ASSIGN_OR_RETURN(const Outcome answers, AskLeader(frozen, plan));
  for (size_t i = 0; i < mappings.size(); ++i) {
    NumaPolicy policy;
    policy.mode = answers.Output<int32_t>(i, 0);
    const auto nodes = answers.Output<std::array<uint64_t, kNodeBytes / 8>>(i, 1);
    policy.nodes.assign(nodes.begin(), nodes.end());
    ASSIGN_OR_RETURN(mappings[i]->policy, FormatNumaPolicy(policy), "the mapping at ",
                     Hex(mappings[i]->start));
    if (mappings[i]->policy == "default") mappings[i]->policy.clear();
  }
  return Ok();
}

}  // namespace

Status ResolvePolicies(FrozenProcess& frozen, std::span<MappingDocument> mappings) {
  std::vector<MappingDocument*> asked;
  for (MappingDocument& mapping : mappings) {
    if (!mapping.policy.empty()) asked.push_back(&mapping);
  }
  for (std::span<MappingDocument* const> left(asked); !left.empty();) {
    const size_t now = std::min(left.size(), kMappingsPerVisit);
    RETURN_IF_ERROR(ResolveSome(frozen, left.first(now)), "asking for NUMA policies");
    left = left.subspan(now);
  }
  return Ok();
}

}  // namespace tardigrade
