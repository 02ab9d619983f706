#ifndef PLUGINS_THREAD_SETTINGS_THREAD_SETTINGS_KIND_H_
#define PLUGINS_THREAD_SETTINGS_THREAD_SETTINGS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::thread_settings {

@DOC@
class ThreadSettingsKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "thread_settings"; }
  Status Check(const TaskFacts& task) const override;
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::thread_settings

#endif  // PLUGINS_THREAD_SETTINGS_THREAD_SETTINGS_KIND_H_
