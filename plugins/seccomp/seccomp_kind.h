#ifndef PLUGINS_SECCOMP_SECCOMP_KIND_H_
#define PLUGINS_SECCOMP_SECCOMP_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::seccomp {

// Seccomp filters of a thread (each has its own chain), saved as classic BPF by
// PTRACE_SECCOMP_GET_FILTER: the caller is the tracer of the stopped thread, has CAP_SYS_ADMIN and
// no filter itself.  Strict mode and filters that ask a listener are refused.
//
// Filters hold from their installation on, also for what the restorer itself still calls.
class SeccompKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "seccomp"; }
  Status Check(const TaskFacts& task) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::seccomp

#endif  // PLUGINS_SECCOMP_SECCOMP_KIND_H_
