#ifndef PLUGINS_PIPE_PIPE_KIND_H_
#define PLUGINS_PIPE_PIPE_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::pipe {

// Both ends of anonymous pipes and of FIFOs.  fs/pipe.c.
//
// The other end must be held by the same process, or by nobody: a pipe to somebody else cannot be
// taken along.  Unread data are looked at with tee(2), which leaves them where they are.
class PipeKind final : public FdKind {
 public:
  std::string_view name() const override { return "pipe"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::pipe

#endif  // PLUGINS_PIPE_PIPE_KIND_H_
