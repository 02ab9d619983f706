#ifndef PLUGINS_PIDFD_PIDFD_KIND_H_
#define PLUGINS_PIDFD_PIDFD_KIND_H_

#include <optional>

#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::pidfd {

struct PidfdState {
  OpenFileState open;
  // The process as the job sees it; 0: it has ended, and its parent has waited for it.
  int32_t pid = 0;
  // How that one ended, as wait(2) shows it, where the kernel remembers it (Linux 6.15).
  std::optional<int32_t> exit_status;

  bool operator==(const PidfdState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("pid", self.pid, Range<int32_t>{0, 1 << 22});
    visit("exit_status", self.exit_status, Range<int32_t>{0, 0xffff});
  }
};

// pidfds of processes of the job, zombies included, and of processes that are gone for good.
// kernel/fork.c and fs/pidfs.c, pidfd_show_fdinfo().
//
// They can be made when all processes exist.  One of a process that is gone is made of a child that
// ends in the same way and is waited for.
class PidfdKind final : public FdKind {
 public:
  std::string_view name() const override { return "pidfd"; }
  bool Claims(const FdFacts& file) const override {
    return file.link == "anon_inode:[pidfd]" || file.link.starts_with("pidfd:[");
  }
  bool NeedsTasks() const override { return true; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::pidfd

#endif  // PLUGINS_PIDFD_PIDFD_KIND_H_
