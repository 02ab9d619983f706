#ifndef PLUGINS_SYSV_MSG_SYSV_MSG_KIND_H_
#define PLUGINS_SYSV_MSG_SYSV_MSG_KIND_H_

#include "supervisor/resource/job_kind.h"

namespace tardigrade::sysv_msg {

// System V message queues with their messages.  A queue belongs to the job if one of its processes was
// the last to send to it or to receive from it, or waits for either.
class SysvMsgKind final : public JobKind {
 public:
  std::string_view name() const override { return "sysv_msg"; }
  Status Check(const JobFacts& job) const override;
  Result<std::optional<Value>> Collect(const JobFacts& job, const AskMember& ask,
                                       CollectContext& context) const override;
  Status Make(const Value& state, CreateContext& context, MadeObjects& made) const override;
  Status DoInTask(const Value& state, const JobTask& task, JobStep step,
                  CreateContext& context) const override;
  void Remove(int32_t id) const override;
};

}  // namespace tardigrade::sysv_msg

#endif  // PLUGINS_SYSV_MSG_SYSV_MSG_KIND_H_
