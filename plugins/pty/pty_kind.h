#ifndef PLUGINS_PTY_PTY_KIND_H_
#define PLUGINS_PTY_PTY_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::pty {

// Both ends of pseudoterminals whose master is the job's (drivers/tty/pty.c); see README.md.  A
// terminal somebody else has the master of is of another kind.
class PtyKind final : public FdKind {
 public:
  std::string_view name() const override { return "pty"; }
  bool Claims(const FdFacts& file) const override;
  bool ClaimsAmong(const FdFacts& file, std::span<const FdFacts> all) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all, CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::pty

#endif  // PLUGINS_PTY_PTY_KIND_H_
