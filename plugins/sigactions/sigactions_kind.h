#ifndef PLUGINS_SIGACTIONS_SIGACTIONS_KIND_H_
#define PLUGINS_SIGACTIONS_SIGACTIONS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::sigactions {

// Handlers of all signals, with masks, flags and restorers: kernel/signal.c, do_sigaction().
class SigactionsKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "sigactions"; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::sigactions

#endif  // PLUGINS_SIGACTIONS_SIGACTIONS_KIND_H_
