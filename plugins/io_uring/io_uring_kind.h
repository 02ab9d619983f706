#ifndef PLUGINS_IO_URING_IO_URING_KIND_H_
#define PLUGINS_IO_URING_IO_URING_KIND_H_

#include "plugins/io_uring/abi.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::io_uring {

// Descriptors of io_uring instances, with the buffers and files that are registered.  See
// README.md.
class IoUringKind final : public FdKind {
 public:
  std::string_view name() const override { return "io_uring"; }
  bool Claims(const FdFacts& file) const override { return file.link == kLink; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_IO_URING_KIND_H_
