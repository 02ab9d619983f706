#include "plugins/credentials/credentials_kind.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstdlib>

#include "plugins/credentials/credentials_plan.h"
#include "plugins/credentials/credentials_state.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::credentials {
namespace {

// CAP_* the running kernel knows.
Result<uint64_t> AllCapabilities() {
  ASSIGN_OR_RETURN(const std::string text, ReadFile("/proc/sys/kernel/cap_last_cap"));
  const int last = std::atoi(text.c_str());
  if (last < 0 || last > 62) return Error(ErrorCode::kInternal, StrCat("cap_last_cap is ", text));
  return (uint64_t{1} << (last + 1)) - 1;
}

}  // namespace

size_t CredentialsKind::AddQueries(const TaskFacts&, SyscallPlan& plan) const {
  return plan.Add("PR_GET_SECUREBITS", SYS_prctl, {PR_GET_SECUREBITS, 0, 0, 0, 0});
}

Result<Value> CredentialsKind::Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                                       CollectContext&) const {
  ASSIGN_OR_RETURN(CredentialsState state, ParseStatus(task.status));
  // They steer what a thread's own calls do: one that has exited makes none.
  if (!task.exited) state.securebits = static_cast<uint32_t>(answers.result(first));
  return Encode(state);
}

Status CredentialsKind::Restore(const Value& value, const RestoreFacts& facts,
                                TaskPlan& plan) const {
  ASSIGN_OR_RETURN(CredentialsState saved, Decode<CredentialsState>(value, "credentials"));
  ASSIGN_OR_RETURN(const std::string status, ReadFile("/proc/thread-self/status"));
  ASSIGN_OR_RETURN(CredentialsState own, ParseStatus(status));
  own.securebits = static_cast<uint32_t>(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
  if (facts.new_user_namespace) {
    ASSIGN_OR_RETURN(const uint64_t all, AllCapabilities());
    own = InNewUserNamespace(std::move(own), all);
    // The order of groups is of no meaning, and setgroups(2) is denied there.
    own.uids.fill(facts.caller_uid);
    RETURN_IF_ERROR(CheckReachable(own, saved, /*ids_exist=*/false));
    own.groups = saved.groups;
  } else {
    RETURN_IF_ERROR(CheckReachable(own, saved, /*ids_exist=*/true));
  }
  PlanCredentials(own, saved, plan[Phase::kCredentials]);
  return Ok();
}

}  // namespace tardigrade::credentials
