#ifndef SUPERVISOR_TRACEE_LEFTOVERS_H_
#define SUPERVISOR_TRACEE_LEFTOVERS_H_

#include <sys/types.h>

#include <optional>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/tracee/frozen_process.h"

// What the visit of a supervisor that was killed leaves in a process: its segment stays mapped, and
// the threads may still be on their way home through it.
namespace tardigrade {

// Segments of visits to a process, that no visit is in, among `maps`, its mappings; not of visits to others
// that have its memory.
std::vector<MemoryMapping> FindLeftSegments(pid_t pid, const std::vector<MemoryMapping>& maps);

// A thread that is on its way into a segment, in one, or on its way home, perhaps below a signal
// handler; empty if there is none.  `segments` are those known; another that a thread runs in is
// found all the same.
std::optional<pid_t> FindAwayThread(pid_t pid, std::span<const FrozenThread> threads,
                                    std::span<const MemoryMapping> segments);

// Unmaps `segments` from a frozen process, none of whose threads is away.
Status DetachSegments(pid_t pid, std::span<const FrozenThread> threads,
                      std::span<const MemoryMapping> segments, const FreezeOptions& options);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_LEFTOVERS_H_
