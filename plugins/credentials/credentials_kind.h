#ifndef PLUGINS_CREDENTIALS_CREDENTIALS_KIND_H_
#define PLUGINS_CREDENTIALS_CREDENTIALS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::credentials {

// Ids, groups, capability sets, securebits (with keepcaps) and no_new_privs of a thread.
//
// Ids and capabilities the restorer cannot give are denied before anything is made.  The bounding
// set can only shrink: what the restorer's own lacks is missing afterwards.
class CredentialsKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "credentials"; }
  // Who may signal the process is judged by its leader's (kernel/signal.c, kill_ok_by_cred()).
  bool SavesExited() const override { return true; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::credentials

#endif  // PLUGINS_CREDENTIALS_CREDENTIALS_KIND_H_
