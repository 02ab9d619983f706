#ifndef PLUGINS_MEMFD_MEMFD_KIND_H_
#define PLUGINS_MEMFD_MEMFD_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::memfd {

// memfd_create(2) descriptors, with contents, seals and mode.  mm/memfd.c.
class MemfdKind final : public FdKind {
 public:
  std::string_view name() const override { return "memfd"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::memfd

#endif  // PLUGINS_MEMFD_MEMFD_KIND_H_
