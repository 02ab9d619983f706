#ifndef PLUGINS_PACKET_SOCKET_PACKET_SOCKET_KIND_H_
#define PLUGINS_PACKET_SOCKET_PACKET_SOCKET_KIND_H_

#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::packet_socket {

// Packet sockets, with rings of TPACKET_V3.  See README.md.
class PacketSocketKind final : public FdKind {
 public:
  std::string_view name() const override { return "packet_socket"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status Settle(const Value& state, int local_fd, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

// What descriptor and mapping share.
class PacketSocketObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "packet_socket"; }
  bool may_be_mapped() const override { return true; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

// Rings, where the program has mapped them.
class PacketMappingKind final : public MappingKind {
 public:
  std::string_view name() const override { return "packet_ring"; }
  bool Claims(const MemoryMapping& mapping) const override;
  Status Check(pid_t pid, const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  bool is_kernel_memory() const override { return true; }
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
};

}  // namespace tardigrade::packet_socket

#endif  // PLUGINS_PACKET_SOCKET_PACKET_SOCKET_KIND_H_
