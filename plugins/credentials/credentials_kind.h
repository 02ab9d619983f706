#ifndef PLUGINS_CREDENTIALS_CREDENTIALS_KIND_H_
#define PLUGINS_CREDENTIALS_CREDENTIALS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::credentials {

@DOC@
class CredentialsKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "credentials"; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::credentials

#endif  // PLUGINS_CREDENTIALS_CREDENTIALS_KIND_H_
