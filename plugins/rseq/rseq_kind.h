#ifndef PLUGINS_RSEQ_RSEQ_KIND_H_
#define PLUGINS_RSEQ_RSEQ_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::rseq {

// Registration of a restartable sequences area, rseq(2).  Collected by
// PTRACE_GET_RSEQ_CONFIGURATION: the caller is the tracer of the stopped thread.
//
// The fresh task must have none: whoever makes it unregisters what fork(2) or its libc left, before
// it unmaps the area (the kernel kills a task whose area is gone).
class RseqKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "rseq"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::rseq

#endif  // PLUGINS_RSEQ_RSEQ_KIND_H_
