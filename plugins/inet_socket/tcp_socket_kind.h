#ifndef PLUGINS_INET_SOCKET_TCP_SOCKET_KIND_H_
#define PLUGINS_INET_SOCKET_TCP_SOCKET_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inet_socket {

// TCP sockets of IPv4 and IPv6, with connections of which the job has both ends, and such to others
// that are kept.  See README.md.
class TcpSocketKind final : public FdKind {
 public:
  std::string_view name() const override { return "tcp_socket"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<std::unique_ptr<Suspension>> Suspend(std::span<const FdFacts* const> files,
                                              std::span<const FdFacts> all,
                                              uint32_t hold_s) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  bool OutlivesKill(const FdFacts& file, std::span<const FdFacts> all) const override;
  void PrepareForKill(int local_fd) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status Fill(const Value& state, int local_fd, CreateContext& context) const override;
  Status Settle(const Value& state, int local_fd, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

// What others need to know of a socket before it exists.
class TcpSocketObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "tcp_socket"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Result<std::unique_ptr<Resumption>> Resume(std::span<const Value* const> states,
                                             const AttachmentReader& attachments) const override;
};

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_SOCKET_KIND_H_
