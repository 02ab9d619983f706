#ifndef PLUGINS_FANOTIFY_FANOTIFY_KIND_H_
#define PLUGINS_FANOTIFY_FANOTIFY_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::fanotify {

// fanotify groups with their marks.  fs/notify/fanotify/; see README.md.
class FanotifyKind final : public FdKind {
 public:
  std::string_view name() const override { return "fanotify"; }
  bool Claims(const FdFacts& file) const override { return file.link == "anon_inode:[fanotify]"; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status Settle(const Value& state, int local_fd, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::fanotify

#endif  // PLUGINS_FANOTIFY_FANOTIFY_KIND_H_
