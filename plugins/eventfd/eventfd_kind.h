#ifndef PLUGINS_EVENTFD_EVENTFD_KIND_H_
#define PLUGINS_EVENTFD_EVENTFD_KIND_H_

#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::eventfd {

struct EventfdState {
  OpenFileState open;
  uint64_t count = 0;
  bool semaphore = false;  // EFD_SEMAPHORE

  bool operator==(const EventfdState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("count", self.count, Range<uint64_t>{0, UINT64_MAX - 1});
    visit("semaphore", self.semaphore);
  }
};

// eventfd(2) descriptors.  fs/eventfd.c, eventfd_show_fdinfo().
//
// Kernels before 6.5 do not say whether EFD_SEMAPHORE was given.  There the descriptor itself is
// asked: two is added, one read shows it, and the count is put back before Collect() returns.
class EventfdKind final : public FdKind {
 public:
  std::string_view name() const override { return "eventfd"; }
  bool Claims(const FdFacts& file) const override { return file.link == "anon_inode:[eventfd]"; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::eventfd

#endif  // PLUGINS_EVENTFD_EVENTFD_KIND_H_
