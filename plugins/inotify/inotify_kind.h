#ifndef PLUGINS_INOTIFY_INOTIFY_KIND_H_
#define PLUGINS_INOTIFY_INOTIFY_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inotify {

// inotify instances with their watches, under the numbers they had, and with unread events.
// fs/notify/inotify/; see README.md.
//
// What happens to the files between snapshot and restore is not reported.
class InotifyKind final : public FdKind {
 public:
  std::string_view name() const override { return "inotify"; }
  bool Claims(const FdFacts& file) const override {
    return file.link == "anon_inode:inotify" || file.link == "anon_inode:[inotify]";
  }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status Settle(const Value& state, int local_fd, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_INOTIFY_KIND_H_
