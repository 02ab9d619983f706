#ifndef PLUGINS_INET_SOCKET_RAW_SOCKET_KIND_H_
#define PLUGINS_INET_SOCKET_RAW_SOCKET_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inet_socket {

// Raw sockets of IPv4 and IPv6, and ping sockets.  See README.md.
class RawSocketKind final : public FdKind {
 public:
  std::string_view name() const override { return "raw_socket"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status Settle(const Value& state, int local_fd, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_RAW_SOCKET_KIND_H_
