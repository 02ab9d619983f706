#ifndef PLUGINS_INET_SOCKET_UDP_SOCKET_KIND_H_
#define PLUGINS_INET_SOCKET_UDP_SOCKET_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inet_socket {

// UDP and UDP-Lite sockets of IPv4 and IPv6, with unread datagrams.  See README.md.
class UdpSocketKind final : public FdKind {
 public:
  std::string_view name() const override { return "udp_socket"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status Fill(const Value& state, int local_fd, CreateContext& context) const override;
  Status Settle(const Value& state, int local_fd, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

// What others send from.
class UdpSocketObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "udp_socket"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_UDP_SOCKET_KIND_H_
