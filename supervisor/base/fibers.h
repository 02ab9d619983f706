#ifndef SUPERVISOR_BASE_FIBERS_H_
#define SUPERVISOR_BASE_FIBERS_H_

#include <chrono>
#include <functional>
#include <span>

namespace tardigrade {

// Runs all of `bodies` on the calling thread, each on a stack of its own (kFiberStackBytes), until all have
// returned: where one naps, others go on.  ptrace(2) answers one thread only, so that the waits for many
// tracees can be had at once no other way.  Bodies must not throw, and share what they like: they change
// only in Nap().  Where there is no memory for stacks they run one after the other.
void RunAsFibers(std::span<const std::function<void()>> bodies);

// Gives way to the other fibers of this thread; sleeps that long if it has none, or none has anything to do.
void Nap(std::chrono::nanoseconds time);

inline constexpr size_t kFiberStackBytes = 256 << 10;

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_FIBERS_H_
