#ifndef PLUGINS_UNIX_SOCKET_UNIX_SOCKET_KIND_H_
#define PLUGINS_UNIX_SOCKET_UNIX_SOCKET_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::unix_socket {

// UNIX sockets of all types.  net/unix/af_unix.c; see README.md.
//
// Each socket is an object of its own, "unix:<inode>", that names what it is connected to: both
// sides of a connection may be held anywhere in the job, or be in flight.
class UnixSocketKind final : public FdKind {
 public:
  std::string_view name() const override { return "unix_socket"; }
  bool Claims(const FdFacts& file) const override;
  bool MayHoldFiles(const FdFacts& file) const override;
  Result<Held> HeldFiles(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status Fill(const Value& state, int local_fd, CreateContext& context) const override;
  Status Settle(const Value& state, int local_fd, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

// Makes a socket, and who is connected to it.
class UnixSocketObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "unix_socket"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_UNIX_SOCKET_KIND_H_
