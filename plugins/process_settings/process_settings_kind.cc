#include "plugins/process_settings/process_settings_kind.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstdlib>

#include "plugins/process_settings/process_settings_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/own_capabilities.h"

namespace tardigrade::process_settings {
namespace {

// include/uapi/linux/prctl.h and membarrier.h of newer kernels.
constexpr int kPrSetMdwe = 65;
constexpr int kPrGetMdwe = 66;
constexpr int kPrSetMemoryMerge = 67;
constexpr int kPrGetMemoryMerge = 68;
constexpr int kMembarrierGetRegistrations = 1 << 9;
constexpr uint32_t kThpFlags = 2;  // PR_THP_DISABLE_EXCEPT_ADVISED

constexpr int kRegistrations[] = {MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED,
                                  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
                                  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
                                  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ};
// Barriers that fail with EPERM unless the process is registered for them, each with its
// registration.
struct Barrier {
  int command;
  int registration;
};
constexpr Barrier kBarriers[] = {
    {MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED},
    {MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE},
    {MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ}};

// Ops of AddQueries(), from its first.
enum Query : size_t { kDumpable, kSubreaper, kThp, kMdwe, kMerge, kRegistered, kFirstBarrier };

uint32_t Registered(const Outcome& answers, size_t first) {
  if (answers.result(first + kRegistered) >= 0)
    return static_cast<uint32_t>(answers.result(first + kRegistered));
  uint32_t registered = 0;
  size_t op = first + kFirstBarrier;
  for (const Barrier& barrier : kBarriers) {
    if (answers.result(op++) == 0) registered |= static_cast<uint32_t>(barrier.registration);
  }
  return registered;
}

Result<int32_t> ReadOomScoreAdj(const std::string& proc_dir) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(proc_dir + "/oom_score_adj"));
  return static_cast<int32_t>(std::strtol(text.c_str(), nullptr, 10));
}

// Absent on kernels without CONFIG_ELF_CORE; empty for a task without memory.
std::optional<uint32_t> ReadCoreFilter(const std::string& proc_dir) {
  const Result<std::string> text = ReadFile(proc_dir + "/coredump_filter");
  if (!text.has_value() || text.value().empty()) return std::nullopt;
  return static_cast<uint32_t>(std::strtoul(text.value().c_str(), nullptr, 16));
}

void PlanWrite(const std::string& path, const std::string& text, bool may_fail, SyscallPlan& plan) {
  const SyscallPlan::Want want{.may_fail = may_fail, .exactly = {}};
  const size_t fd = plan.Add(StrCat("opening ", path), SYS_openat,
                             {AT_FDCWD, Arg::String(path), O_WRONLY | O_CLOEXEC}, want);
  plan.Add(StrCat("writing ", text, " to ", path), SYS_write,
           {Arg::ResultOf(fd), Arg::String(text), text.size()}, want);
  plan.Add(StrCat("closing ", path), SYS_close, {Arg::ResultOf(fd)}, want);
}

Status PlanProcFiles(const ProcessSettingsState& state, const RestoreFacts& facts,
                     SyscallPlan& plan) {
  ASSIGN_OR_RETURN(const int32_t own, ReadOomScoreAdj("/proc/self"));
  if (state.oom_score_adj != own) {
    ASSIGN_OR_RETURN(const bool privileged, HasCapability(CAP_SYS_RESOURCE));
    const bool may_fail = state.oom_score_adj < own && (!privileged || facts.new_user_namespace);
    PlanWrite("/proc/self/oom_score_adj", StrCat(state.oom_score_adj), may_fail, plan);
  }
  if (state.core_filter.has_value() && state.core_filter != ReadCoreFilter("/proc/self"))
    PlanWrite("/proc/self/coredump_filter", StrCat(Hex(*state.core_filter)), /*may_fail=*/false,
              plan);
  return Ok();
}

}  // namespace

size_t ProcessSettingsKind::AddQueries(const TaskFacts&, SyscallPlan& plan) const {
  const size_t first = plan.Add("PR_GET_DUMPABLE", SYS_prctl, {PR_GET_DUMPABLE});
  plan.Add("PR_GET_CHILD_SUBREAPER", SYS_prctl, {PR_GET_CHILD_SUBREAPER, Arg::Out(4)});
  plan.Add("PR_GET_THP_DISABLE", SYS_prctl, {PR_GET_THP_DISABLE, 0, 0, 0, 0});
  plan.Ask("PR_GET_MDWE", SYS_prctl, {kPrGetMdwe, 0, 0, 0, 0});
  plan.Ask("PR_GET_MEMORY_MERGE", SYS_prctl, {kPrGetMemoryMerge, 0, 0, 0, 0});
  plan.Ask("asking for membarrier registrations", SYS_membarrier,
           {kMembarrierGetRegistrations, 0, 0});
  for (const Barrier& barrier : kBarriers)
    plan.Ask("trying a membarrier", SYS_membarrier, {barrier.command, 0, 0});
  return first;
}

Result<Value> ProcessSettingsKind::Collect(const TaskFacts& task, const Outcome& answers,
                                           size_t first, CollectContext&) const {
  ProcessSettingsState state;
  state.dumpable = static_cast<int32_t>(answers.result(first + kDumpable));
  state.child_subreaper = answers.Output<int32_t>(first + kSubreaper, 1) != 0;
  state.thp_disable = static_cast<uint32_t>(answers.result(first + kThp));
  if (const int64_t mdwe = answers.result(first + kMdwe); mdwe >= 0)
    state.mdwe = static_cast<uint32_t>(mdwe);
  if (const int64_t merge = answers.result(first + kMerge); merge >= 0)
    state.memory_merge = merge != 0;
  state.membarrier = Registered(answers, first);
  ASSIGN_OR_RETURN(state.oom_score_adj, ReadOomScoreAdj(task.proc_dir));
  state.core_filter = ReadCoreFilter(StrCat("/proc/", task.pid));  // Not in task/TID.
  return Encode(state);
}

Status ProcessSettingsKind::Restore(const Value& value, const RestoreFacts& facts,
                                    TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const auto state, Decode<ProcessSettingsState>(value, "process_settings"));
  SyscallPlan& process = plan[Phase::kProcess];
  process.Add("PR_SET_CHILD_SUBREAPER", SYS_prctl,
              {PR_SET_CHILD_SUBREAPER, state.child_subreaper, 0, 0, 0});
  process.Add("PR_SET_THP_DISABLE", SYS_prctl,
              {PR_SET_THP_DISABLE, state.thp_disable != 0, state.thp_disable & kThpFlags, 0, 0});
  if (state.memory_merge.value_or(false))
    process.Add("PR_SET_MEMORY_MERGE", SYS_prctl, {kPrSetMemoryMerge, 1, 0, 0, 0});
  for (int registration : kRegistrations) {
    if ((state.membarrier & static_cast<uint32_t>(registration)) != 0)
      process.Add("registering for membarriers", SYS_membarrier, {registration, 0, 0});
  }
  RETURN_IF_ERROR(PlanProcFiles(state, facts, process));
  if (state.mdwe.value_or(0) != 0)
    plan[Phase::kLimits].Add("PR_SET_MDWE", SYS_prctl, {kPrSetMdwe, *state.mdwe, 0, 0, 0});
  // Changing credentials resets it, so it goes last: kernel/cred.c, commit_creds().
  plan[Phase::kArm].Add("PR_SET_DUMPABLE", SYS_prctl, {PR_SET_DUMPABLE, state.dumpable == 1});
  return Ok();
}

}  // namespace tardigrade::process_settings
