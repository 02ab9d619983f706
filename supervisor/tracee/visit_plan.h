#ifndef SUPERVISOR_TRACEE_VISIT_PLAN_H_
#define SUPERVISOR_TRACEE_VISIT_PLAN_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/tracee/arch/x86_64/gadgets.h"
#include "supervisor/tracee/arch/x86_64/way_home.h"
#include "supervisor/tracee/dead_stack.h"
#include "supervisor/tracee/frozen_process.h"
#include "supervisor/tracee/proc_status.h"

namespace tardigrade {

// Where in the tracee a visit does what; made before anything is changed.
struct VisitPlan {
  arch::Gadgets gadgets;
  std::vector<arch::WayHome> ways_home;  // Of each thread.
  size_t guide = 0;                      // The thread that attaches and detaches the segment.
  uint64_t base = 0;                     // Where the segment goes.
  uint64_t entry_slot = 0;  // 8 bytes below the guide's red zone: where its attach returns to.
  DeadStack dead_stack;     // Where the guide's frame for the detach goes; none when fragile.
  bool suspend_seccomp = false;  // A filter may forbid a call of ours; only when fragile.
  bool fragile = false;  // No way home is built: a supervisor that dies takes the tracee along.
};

// The system calls that a visit with these programs makes in the tracee, whatever becomes of the
// supervisor.
std::vector<uint32_t> CallsOfVisit(std::span<const std::vector<uint64_t>> programs);

// What /proc says of each thread.
Result<std::vector<TraceeStatus>> ReadStatuses(pid_t pid, std::span<const FrozenThread> threads);

// Everything but `base`, which needs the segment's size.  `statuses`: of `threads`.  `gadgets_before`: FindGadgets() of the
// process before it was frozen, or nothing.  `calls` are those of the visit, which seccomp filters
// must allow.  `neighbours`: stack pointers of other processes' threads in the same memory.  Errors:
// kUnsupported, saying why.
Result<VisitPlan> PlanVisit(pid_t pid, std::span<const FrozenThread> threads,
                            std::span<const TraceeStatus> statuses, const std::vector<MemoryMapping>& maps,
                            const arch::Gadgets& gadgets_before,
                            std::span<const uint32_t> calls, bool allow_fragile,
                            std::span<const uint64_t> neighbours = {});

// A hole for `bytes` in the tracee's address space, far from stack and heap.
Result<uint64_t> FindHole(const std::vector<MemoryMapping>& maps, size_t bytes);

// Refuses (kUnsupported) if the tracee's RLIMIT_AS leaves no room for `bytes` more.
Status CheckAddressSpaceLimit(pid_t pid, size_t bytes);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_VISIT_PLAN_H_
