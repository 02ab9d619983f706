#include "supervisor/tracee/visit_plan.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "protocols/syscall_program.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/proc_text.h"
#include "supervisor/tracee/arch/x86_64/signal_frame.h"
#include "supervisor/tracee/proc_status.h"
#include "supervisor/tracee/ptrace.h"
#include "supervisor/tracee/remote_memory.h"
#include "supervisor/tracee/seccomp_filter.h"

namespace tardigrade {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr const char* kWayOut =
    "; --allow-fragile does it all the same, and a supervisor that is killed meanwhile may take "
    "the "
    "process along";

Error NoWayHome(const std::string& why) { return Error(ErrorCode::kUnsupported, why + kWayOut); }

// Filters that may not be read, and strict mode, allow nothing.
bool FiltersAllow(pid_t tid, std::span<const uint32_t> calls) {
  const Result<std::vector<SeccompFilter>> filters = ptrace::GetSeccompFilters(tid);
  return filters.has_value() && !filters.value().empty() && SurelyAllow(filters.value(), calls);
}

// What of a thread's state stands in the way; empty if nothing does.
std::string Obstacle(const FrozenThread& thread, const TraceeStatus& status, std::span<const uint32_t> calls,
                     bool& seccomp) {
  if (status.seccomp != 0 && !FiltersAllow(thread.tid, calls)) {
    seccomp = true;
    return StrCat("thread ", thread.tid,
                  " is under seccomp, whose filters do not surely allow the system calls that a "
                  "snapshot makes in it");
  }
  if (status.shadow_stack)
    return StrCat("thread ", thread.tid, " has a shadow stack, which forbids our return");
  return std::string();
}

// The guide must have a stack to write to; one that owes no restart is better.
Status ChooseGuide(pid_t pid, std::span<const FrozenThread> threads, VisitPlan& plan) {
  for (const bool any : {false, true}) {
    for (size_t i = 0; i < threads.size(); ++i) {
      if (!any && plan.ways_home[i].keep_restart_block) continue;
      const uint64_t slot = arch::BelowRedZone(threads[i].registers) - sizeof(uint64_t);
      const Result<uint64_t> old = ReadTraceeObject<uint64_t>(pid, slot);
      if (!old.has_value()) continue;
      // Dead memory: writing what it holds shows whether it can be written.
      if (!WriteTraceeMemory(pid, slot, std::as_bytes(std::span(&old.value(), 1))).has_value())
        continue;
      plan.guide = i;
      plan.entry_slot = slot;
      return Ok();
    }
  }
  return Error(ErrorCode::kUnsupported, "no thread has room on its stack");
}

}  // namespace

std::vector<uint32_t> CallsOfVisit(std::span<const std::vector<uint64_t>> programs) {
  // The way in and out, what the parasite does (parasite/), and restarts of interrupted calls.
  std::set<uint32_t> calls = {SYS_shmat,        SYS_shmdt,         SYS_shmctl,
                              SYS_futex,        SYS_rt_sigreturn,  SYS_rt_sigprocmask,
                              SYS_rt_sigaction, SYS_rt_sigpending, SYS_restart_syscall,
                              SYS_prctl};
  for (const std::vector<uint64_t>& program : programs) {
    if (program.empty()) continue;
    const auto* header = reinterpret_cast<const protocol::SyscallProgram*>(program.data());
    const auto* ops = reinterpret_cast<const protocol::SyscallOp*>(header + 1);
    for (uint32_t i = 0; i < header->op_count; ++i) {
      if (protocol::IsSyscall(ops[i].number)) calls.insert(ops[i].number);
    }
  }
  return {calls.begin(), calls.end()};
}

Result<std::vector<TraceeStatus>> ReadStatuses(pid_t pid, std::span<const FrozenThread> threads) {
  std::vector<TraceeStatus> statuses;
  for (const FrozenThread& thread : threads) {
    ASSIGN_OR_RETURN(TraceeStatus status, ReadStatus(pid, thread.tid));
    statuses.push_back(std::move(status));
  }
  return statuses;
}

Result<VisitPlan> PlanVisit(pid_t pid, std::span<const FrozenThread> threads,
                            std::span<const TraceeStatus> statuses, const std::vector<MemoryMapping>& maps,
                            const arch::Gadgets& gadgets_before,
                            std::span<const uint32_t> calls, bool allow_fragile,
                            std::span<const uint64_t> neighbours) {
  VisitPlan plan;
  std::string obstacle;
  size_t frame_bytes = 0;
  for (size_t i = 0; i < threads.size(); ++i) {
    const FrozenThread& thread = threads[i];
    std::string found = Obstacle(thread, statuses[i], calls, plan.suspend_seccomp);
    if (obstacle.empty()) obstacle = std::move(found);
    frame_bytes = std::max(frame_bytes, arch::SignalFrameBytes(thread.extended_state));
    plan.ways_home.push_back(arch::PlanWayHome(pid, thread.registers, thread.restarted_call));
  }
  ASSIGN_OR_RETURN(plan.gadgets, arch::FindGadgets(pid, maps, gadgets_before));
  if (obstacle.empty() && !plan.gadgets.complete())
    obstacle = StrCat("the program's text lacks ", plan.gadgets.Missing());
  plan.dead_stack = FindDeadStack(pid, threads, maps, kDeadStackMark.size() + frame_bytes, neighbours);
  if (obstacle.empty() && plan.dead_stack.start == 0)
    obstacle = "no thread's stack has room far below what is in use";
  if (!obstacle.empty() && !allow_fragile) return NoWayHome(obstacle);
  plan.fragile = !obstacle.empty();
  if (plan.gadgets.syscall == 0)
    return Error(ErrorCode::kUnsupported, "the program's text holds no system call instruction");
  RETURN_IF_ERROR(ChooseGuide(pid, threads, plan));
  return plan;
}

Result<uint64_t> FindHole(const std::vector<MemoryMapping>& maps, size_t bytes) {
  constexpr uint64_t kLowest = 1 << 20, kHighest = (uint64_t{1} << 47) - kPageBytes;
  uint64_t best = 0, best_bytes = 0, from = kLowest;
  const auto consider = [&](uint64_t to) {
    if (to > from && to - from > best_bytes) {
      best = from;
      best_bytes = to - from;
    }
  };
  for (const MemoryMapping& mapping : maps) {
    consider(std::min(mapping.start, kHighest));
    from = std::max(from, mapping.end);
  }
  consider(kHighest);
  // In the middle, heap and stack may go on growing.
  if (best_bytes < 4 * bytes)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the address space has no hole for ", bytes, " bytes"));
  return (best + (best_bytes - bytes) / 2) & ~(kPageBytes - 1);
}

Status CheckAddressSpaceLimit(pid_t pid, size_t bytes) {
  rlimit all = {};
  if (prlimit(pid, RLIMIT_AS, nullptr, &all) == 0 && all.rlim_cur == RLIM_INFINITY) return Ok();
  // Who may not ask so may read.
  constexpr std::string_view kName = "Max address space";
  ASSIGN_OR_RETURN(const std::string limits, ReadFile(StrCat("/proc/", pid, "/limits")));
  const size_t at = limits.find(kName);
  if (at == std::string::npos) return Ok();
  std::string_view line = std::string_view(limits).substr(at + kName.size());
  proc_text::SkipBlanks(line);
  uint64_t limit = 0;
  if (!proc_text::TakeNumber(line, limit)) return Ok();  // "unlimited".
  ASSIGN_OR_RETURN(const TraceeStatus status, ReadStatus(pid, pid));
  if (status.memory_bytes.value_or(0) + bytes <= limit) return Ok();
  return Error(ErrorCode::kUnsupported, StrCat("RLIMIT_AS of process ", pid, " (", limit,
                                               " bytes) leaves no room for a visit of ", bytes,
                                               " bytes; raise it with prlimit --as"));
}

}  // namespace tardigrade
