#ifndef PLUGINS_DIRECTORY_DIRECTORY_KIND_H_
#define PLUGINS_DIRECTORY_DIRECTORY_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::directory {

// Directories, and files, directories and links opened with O_PATH: found again by path.  How far a
// directory has been read is kept where the file system's positions are lasting.
class DirectoryKind final : public FdKind {
 public:
  std::string_view name() const override { return "directory"; }
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

}  // namespace tardigrade::directory

#endif  // PLUGINS_DIRECTORY_DIRECTORY_KIND_H_
