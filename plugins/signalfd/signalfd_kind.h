#ifndef PLUGINS_SIGNALFD_SIGNALFD_KIND_H_
#define PLUGINS_SIGNALFD_SIGNALFD_KIND_H_

#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::signalfd {

struct SignalfdState {
  OpenFileState open;
  uint64_t mask = 0;  // Bit n - 1 for signal n.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("mask", self.mask);
  }
};

// signalfd(2) descriptors: a mask, and nothing else.  What can be read from one is pending in the
// task that reads.  fs/signalfd.c, signalfd_show_fdinfo().
class SignalfdKind final : public FdKind {
 public:
  std::string_view name() const override { return "signalfd"; }
  bool Claims(const FdFacts& file) const override { return file.link == "anon_inode:[signalfd]"; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::signalfd

#endif  // PLUGINS_SIGNALFD_SIGNALFD_KIND_H_
