#ifndef PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_KIND_H_
#define PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::pending_signals {

// Signals that wait for any thread of the process, with their siginfo, in the order they will be
// taken; but those that LoneTimerSignals() are left to the timers.  Collected by PTRACE_PEEKSIGINFO: the caller is the tracer of the stopped leader.
// A SIGSTOP is left out, with a warning: it would stop the restored job half-made.
class ProcessPendingSignalsKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "pending_signals"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

// The same for signals that wait for one thread.
class ThreadPendingSignalsKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "thread_pending_signals"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::pending_signals

#endif  // PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_KIND_H_
