#include "plugins/rlimits/rlimits_kind.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "plugins/rlimits/rlimits_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/own_capabilities.h"

namespace tardigrade::rlimits {

// From /proc: prlimit(2) on another process needs its ids or CAP_SYS_RESOURCE.
Result<Value> RlimitsKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                   CollectContext&) const {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(task.proc_dir + "/limits"));
  ASSIGN_OR_RETURN(const RlimitsState state, ParseLimits(text));
  return Encode(state);
}

Status RlimitsKind::Restore(const Value& value, const RestoreFacts& facts, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const RlimitsState saved, Decode<RlimitsState>(value, "rlimits"));
  ASSIGN_OR_RETURN(const std::string text, ReadFile("/proc/self/limits"));
  ASSIGN_OR_RETURN(const RlimitsState own, ParseLimits(text));
  ASSIGN_OR_RETURN(const bool privileged, HasCapability(CAP_SYS_RESOURCE));
  ASSIGN_OR_RETURN(const RlimitsState reachable,
                   Reachable(saved, own, privileged && !facts.new_user_namespace));
  for (size_t i = 0; i < kLimits; ++i) {
    const rlimit64 limit{.rlim_cur = reachable.limits[i].soft,
                         .rlim_max = reachable.limits[i].hard};
    plan[Phase::kLimits].Add(StrCat("restoring resource limit ", i), SYS_prlimit64,
                             {0, i, Arg::Copy(limit), 0});
  }
  return Ok();
}

}  // namespace tardigrade::rlimits
