#ifndef PLUGINS_PROCESS_SETTINGS_PROCESS_SETTINGS_KIND_H_
#define PLUGINS_PROCESS_SETTINGS_PROCESS_SETTINGS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::process_settings {

@DOC@
class ProcessSettingsKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "process_settings"; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::process_settings

#endif  // PLUGINS_PROCESS_SETTINGS_PROCESS_SETTINGS_KIND_H_
