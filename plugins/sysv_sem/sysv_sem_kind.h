#ifndef PLUGINS_SYSV_SEM_SYSV_SEM_KIND_H_
#define PLUGINS_SYSV_SEM_SYSV_SEM_KIND_H_

#include "supervisor/resource/job_kind.h"

namespace tardigrade::sysv_sem {

// System V semaphore sets with values, undo values (SEM_UNDO) and who changed each last.  A set belongs
// to the job if one of its processes changed a semaphore of it last, waits for one, or would undo
// something when it ends.
class SysvSemKind final : public JobKind {
 public:
  std::string_view name() const override { return "sysv_sem"; }
  Status Check(const JobFacts& job) const override;
  Result<std::optional<Value>> Collect(const JobFacts& job, const AskMember& ask,
                                       CollectContext& context) const override;
  Status Make(const Value& state, CreateContext& context, MadeObjects& made) const override;
  Status DoInTask(const Value& state, const JobTask& task, JobStep step,
                  CreateContext& context) const override;
  void Remove(int32_t id) const override;
};

}  // namespace tardigrade::sysv_sem

#endif  // PLUGINS_SYSV_SEM_SYSV_SEM_KIND_H_
