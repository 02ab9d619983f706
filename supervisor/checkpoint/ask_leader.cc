#include "supervisor/checkpoint/ask_leader.h"

#include <utility>
#include <vector>

namespace tardigrade {

Result<Outcome> AskLeader(FrozenProcess& frozen, const SyscallPlan& plan) {
  std::vector<std::vector<uint64_t>> programs(frozen.threads().size(), SyscallPlan().Compile());
  programs[0] = plan.Compile();
  RETURN_IF_ERROR(frozen.Visit(programs));
  Outcome answers(plan, std::move(programs[0]));
  RETURN_IF_ERROR(answers.Check());
  return answers;
}

}  // namespace tardigrade
