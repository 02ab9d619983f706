#ifndef PLUGINS_POSIX_TIMERS_POSIX_TIMERS_KIND_H_
#define PLUGINS_POSIX_TIMERS_POSIX_TIMERS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::posix_timers {

// POSIX timers, timer_create(2), under their old ids.  What exists is read from /proc/PID/timers;
// the time left is asked for in the tracee.
//
// A signal of a timer that is pending is saved with it (but see LoneTimerSignals(), and those sent
// to one thread), and with its overruns so far if the job is to end; they cannot be had of one that
// is left running without taking its signal.
//
// Not exact: the overrun count of the expiration delivered last (timer_getoverrun(2)) is kept by
// the kernel alone and starts from 0; a timer armed with TIMER_ABSTIME is armed again for the
// time it had left, so that a clock set later does not move it.  Timers on another
// process's CPU clock, and on CLOCK_THREAD_CPUTIME_ID in a process with several threads, are
// refused.
class PosixTimersKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "posix_timers"; }
  Status Check(const TaskFacts& task) const override;
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::posix_timers

#endif  // PLUGINS_POSIX_TIMERS_POSIX_TIMERS_KIND_H_
