#include "plugins/scheduling/scheduling_kind.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "plugins/scheduling/scheduling_state.h"
#include "supervisor/kernel/own_capabilities.h"

namespace tardigrade::scheduling {
namespace {

constexpr int kWhoProcess = 1;  // IOPRIO_WHO_PROCESS
constexpr int kIoClassShift = 13;
constexpr uint32_t kIoClassRealTime = 1;
constexpr size_t kMaxCpuWords = 1024;
constexpr uint32_t kDefaultUtilMax = 1024;
constexpr uint64_t kKnownFlags =
    SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN;
constexpr uint64_t kUtilFlags = 0x60;  // SCHED_FLAG_UTIL_CLAMP

struct KernelAttr {  // struct sched_attr, SCHED_ATTR_SIZE_VER1
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;
  uint64_t deadline;
  uint64_t period;
  uint32_t util_min;
  uint32_t util_max;
};
static_assert(sizeof(KernelAttr) == 56);

bool IsFair(uint32_t policy) { return policy == SCHED_NORMAL || policy == SCHED_BATCH; }
bool IsRealTime(uint32_t policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }

Result<KernelAttr> GetAttr(pid_t tid) {
  KernelAttr attr{};
  if (syscall(SYS_sched_getattr, tid, &attr, sizeof(attr), 0) != 0)
    return Error::Errno("asking for the scheduling policy of thread ", tid);
  return attr;
}

Result<std::vector<uint64_t>> GetCpus(pid_t tid) {
  std::vector<uint64_t> words(kMaxCpuWords);
  const long bytes =
      syscall(SYS_sched_getaffinity, tid, words.size() * sizeof(uint64_t), words.data());
  if (bytes < 0) return Error::Errno("asking for the CPU affinity of thread ", tid);
  words.resize(static_cast<size_t>(bytes) / sizeof(uint64_t));
  while (words.size() > 1 && words.back() == 0) words.pop_back();
  return words;
}

// Whether the restorer may give `state`'s policy: kernel/sched/syscalls.c,
// user_check_sched_setscheduler().
Status CheckAllowed(const SchedulingState& state, const KernelAttr& own,
                    const RestoreFacts& facts) {
  ASSIGN_OR_RETURN(const bool capable, HasCapability(CAP_SYS_NICE));
  if (capable && !facts.new_user_namespace) return Ok();
  const auto denied = [&](const std::string& what, const char* limit) {
    return Error(ErrorCode::kDenied,
                 StrCat("the job ran with ", what, ", which needs CAP_SYS_NICE", limit));
  };
  rlimit limit = {};
  if (IsFair(state.policy) && state.nice < own.nice) {
    getrlimit(RLIMIT_NICE, &limit);
    if (20 - state.nice > static_cast<int64_t>(std::min<rlim_t>(limit.rlim_cur, 40)))
      return denied(StrCat("nice value ", state.nice), " or a higher RLIMIT_NICE (ulimit -e)");
  }
  if (IsRealTime(state.policy)) {
    getrlimit(RLIMIT_RTPRIO, &limit);
    const bool has_it = own.policy == state.policy && state.priority <= own.priority;
    if (!has_it && state.priority > limit.rlim_cur)
      return denied(StrCat("real-time priority ", state.priority),
                    " or a higher RLIMIT_RTPRIO (ulimit -r)");
  }
  if (state.policy == SCHED_DEADLINE) return denied("SCHED_DEADLINE", "");
  if (state.io_priority >> kIoClassShift == kIoClassRealTime)
    return denied("a real-time I/O priority", "");
  return Ok();
}

KernelAttr ToAttr(const SchedulingState& state, const KernelAttr& own) {
  KernelAttr attr{.size = sizeof(KernelAttr),
                  .policy = state.policy,
                  .flags = state.flags & kKnownFlags,
                  .nice = state.nice,
                  .priority = state.priority,
                  .runtime = state.runtime_ns,
                  .deadline = state.deadline_ns,
                  .period = state.period_ns,
                  .util_min = state.util_min,
                  .util_max = state.util_max};
  // Since 6.12 this is the time slice; leave the default one to the kernel.
  if (IsFair(state.policy) && state.runtime_ns == own.runtime) attr.runtime = 0;
  // Both 0 is what a kernel without CONFIG_UCLAMP_TASK says.
  const bool clamped =
      state.util_min != 0 || (state.util_max != 0 && state.util_max != kDefaultUtilMax);
  if (clamped) attr.flags |= kUtilFlags;
  return attr;
}

}  // namespace

Result<Value> SchedulingKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                      CollectContext&) const {
  ASSIGN_OR_RETURN(const KernelAttr attr, GetAttr(task.tid));
  SchedulingState state{.policy = attr.policy,
                        .flags = attr.flags & kKnownFlags,
                        .nice = attr.nice,
                        .priority = attr.priority,
                        .runtime_ns = attr.runtime,
                        .deadline_ns = attr.deadline,
                        .period_ns = attr.period,
                        .util_min = attr.util_min,
                        .util_max = attr.util_max,
                        .cpus = {},
                        .all_cpus = false,
                        .io_priority = 0};
  ASSIGN_OR_RETURN(state.cpus, GetCpus(task.tid));
  int64_t cpus = 0;
  for (uint64_t word : state.cpus) cpus += std::popcount(word);
  state.all_cpus = cpus >= sysconf(_SC_NPROCESSORS_ONLN);
  const long io_priority = syscall(SYS_ioprio_get, kWhoProcess, task.tid);
  if (io_priority < 0) return Error::Errno("asking for the I/O priority of thread ", task.tid);
  state.io_priority = static_cast<uint32_t>(io_priority);
  return Encode(state);
}

Status SchedulingKind::Restore(const Value& value, const RestoreFacts& facts,
                               TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const SchedulingState state, Decode<SchedulingState>(value, "scheduling"));
  ASSIGN_OR_RETURN(const KernelAttr own, GetAttr(0));
  RETURN_IF_ERROR(CheckAllowed(state, own, facts));
  SyscallPlan& steps = plan[Phase::kThread];
  // The kernel leaves out CPUs that are not there, and fails when none is left.  Before the policy:
  // SCHED_DEADLINE wants all CPUs.
  std::vector<uint64_t> cpus = state.cpus;
  if (state.all_cpus) cpus.assign(kMaxCpuWords, UINT64_MAX);
  steps.Ask("restoring the CPU affinity", SYS_sched_setaffinity,
            {0, cpus.size() * sizeof(uint64_t), Arg::Bytes(std::as_bytes(std::span(cpus)))});
  steps.Add("restoring the I/O priority", SYS_ioprio_set, {kWhoProcess, 0, state.io_priority});
  steps.Add(StrCat("restoring scheduling policy ", state.policy, ", nice ", state.nice,
                   ", priority ", state.priority),
            SYS_sched_setattr, {0, Arg::Copy(ToAttr(state, own)), 0});
  return Ok();
}

}  // namespace tardigrade::scheduling
