#ifndef SUPERVISOR_RESOURCE_TIMER_SIGNALS_H_
#define SUPERVISOR_RESOURCE_TIMER_SIGNALS_H_

#include <signal.h>

#include <cstdint>
#include <map>
#include <span>

namespace tardigrade {

// Of a POSIX timer, in the process's queue.
struct TimerSignals {
  size_t count = 0;      // Usually one: more where a snapshot failed, or a timer was restored.
  int64_t overruns = 0;  // As they tell; a signal that was never taken tells none.
};

// Timers with a signal in `pending`, the process's queue, by id: where no signal of that number is
// anybody else's.  Their timer saves and restores these, so that the kernel goes on counting; what
// shares its number keeps its place in the queue as a signal like any other.
std::map<int32_t, TimerSignals> LoneTimerSignals(std::span<const siginfo_t> pending);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_TIMER_SIGNALS_H_
