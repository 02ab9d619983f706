#ifndef PLUGINS_PROCESS_SETTINGS_PROCESS_SETTINGS_KIND_H_
#define PLUGINS_PROCESS_SETTINGS_PROCESS_SETTINGS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::process_settings {

// Settings of a whole process: dumpable, child subreaper, transparent huge pages, KSM,
// memory-deny-write- execute, core dump filter, OOM score adjustment and membarrier(2)
// registrations.
//
// Not exact: dumpable 2 cannot be set by prctl(2) and becomes 0, which is as closed; an OOM score
// adjustment below the restorer's own is tried and, without CAP_SYS_RESOURCE, left at the
// restorer's; before Linux 6.3 a registration for MEMBARRIER_CMD_GLOBAL_EXPEDITED cannot be seen.
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
