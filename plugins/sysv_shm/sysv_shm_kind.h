#ifndef PLUGINS_SYSV_SHM_SYSV_SHM_KIND_H_
#define PLUGINS_SYSV_SHM_SYSV_SHM_KIND_H_

#include "supervisor/resource/job_kind.h"

namespace tardigrade::sysv_shm {

// System V shared memory segments with contents.  A segment belongs to the job if one of its processes
// has it attached, has made it, or was the last to use one that nobody has attached.
class SysvShmKind final : public JobKind {
 public:
  std::string_view name() const override { return "sysv_shm"; }
  Status Check(const JobFacts& job) const override;
  Result<std::optional<Value>> Collect(const JobFacts& job, const AskMember& ask,
                                       CollectContext& context) const override;
  Status Make(const Value& state, CreateContext& context, MadeObjects& made) const override;
  Status DoInTask(const Value& state, const JobTask& task, JobStep step,
                  CreateContext& context) const override;
  void Remove(int32_t id) const override;
};

}  // namespace tardigrade::sysv_shm

#endif  // PLUGINS_SYSV_SHM_SYSV_SHM_KIND_H_
