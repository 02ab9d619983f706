#ifndef PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_KIND_H_
#define PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::pending_signals {

@DOC@
class PendingSignalsKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "pending_signals"; }
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::pending_signals

#endif  // PLUGINS_PENDING_SIGNALS_PENDING_SIGNALS_KIND_H_
