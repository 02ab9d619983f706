#ifndef PLUGINS_NETLINK_SOCKET_NETLINK_SOCKET_KIND_H_
#define PLUGINS_NETLINK_SOCKET_NETLINK_SOCKET_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::netlink_socket {

// Netlink sockets of the protocols whose kernel side keeps nothing of a socket but its groups: route,
// sock_diag, uevents, generic.  net/netlink/af_netlink.c.
//
// What is unread cannot be given back: it came from the kernel, and nobody else can send as the kernel.
// Nor can a dump that goes on as the job reads; it always has something unread.
class NetlinkSocketKind final : public FdKind {
 public:
  std::string_view name() const override { return "netlink_socket"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all, CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::netlink_socket

#endif  // PLUGINS_NETLINK_SOCKET_NETLINK_SOCKET_KIND_H_
