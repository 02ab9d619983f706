#ifndef PLUGINS_SECCOMP_SECCOMP_KIND_H_
#define PLUGINS_SECCOMP_SECCOMP_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::seccomp {

@DOC@
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
