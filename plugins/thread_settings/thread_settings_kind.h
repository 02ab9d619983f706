#ifndef PLUGINS_THREAD_SETTINGS_THREAD_SETTINGS_KIND_H_
#define PLUGINS_THREAD_SETTINGS_THREAD_SETTINGS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::thread_settings {

// Settings of one thread: name, timer slack, parent death signal, personality, time stamp counter
// and CPUID traps, machine check policy, speculation mitigations, I/O flusher.
//
// Not exact: speculation control is tried only (another processor has other mitigations); the
// default timer slack, to which PR_SET_TIMERSLACK 0 goes back, is the restorer's.  A shadow stack,
// linear address masking and a core scheduling cookie are refused.  Landlock domains and keyrings
// cannot be read from any process and are lost.
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
