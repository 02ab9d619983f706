#ifndef PLUGINS_REGULAR_FILE_REGULAR_FILE_KIND_H_
#define PLUGINS_REGULAR_FILE_REGULAR_FILE_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::regular_file {

// Regular files, by path; those without a name any more with their contents.
//
// A file the job only reads must be at its path with the size and time it had.  One the job writes
// may have changed (the job itself goes on writing when it is left running), which is warned of;
// only one that is too short for the offset is refused.  That is unless --changed-files says
// otherwise, and see README.md for copies.  Locks and leases are taken again.
class RegularFileKind final : public FdKind {
 public:
  std::string_view name() const override { return "regular_file"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Result<Value> CollectOfProcess(const FdFacts& file) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
  Status PlanOfProcess(const Value& state, const Value& of_process, int fd, int32_t sharer,
                       SyscallPlan& plan) const override;
};

}  // namespace tardigrade::regular_file

#endif  // PLUGINS_REGULAR_FILE_REGULAR_FILE_KIND_H_
