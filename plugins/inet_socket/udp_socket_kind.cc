#include "plugins/inet_socket/udp_socket_kind.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "plugins/inet_socket/inet_file.h"
#include "plugins/inet_socket/udp_collect.h"
#include "plugins/inet_socket/udp_make.h"
#include "plugins/inet_socket/udp_state.h"

namespace tardigrade::inet_socket {

bool UdpSocketKind::Claims(const FdFacts& file) const {
  return IsInetSocket(file, SOCK_DGRAM, IPPROTO_UDP) ||
         IsInetSocket(file, SOCK_DGRAM, IPPROTO_UDPLITE);
}

Status UdpSocketKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return CheckUdp(file);
}

Result<Value> UdpSocketKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                     CollectContext& context) const {
  InetFileState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.object = UdpKey(file.stat.st_ino);
  const auto collect = [&]() -> Result<Value> {
    ASSIGN_OR_RETURN(const UdpState socket, CollectUdp(file, all, context));
    return Encode(socket);
  };
  RETURN_IF_ERROR(context.AddObject(state.object, name(), collect), "fd ", file.fd);
  return Encode(state);
}

Result<ScopedFd> UdpSocketKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const InetFileState state, Decode<InetFileState>(value, "udp_socket"));
  return DuplicateObject(state.object, context);
}

Status UdpSocketKind::Fill(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const InetFileState state, Decode<InetFileState>(value, "udp_socket"));
  ASSIGN_OR_RETURN(const UdpState socket, DecodeUdp(state.object, context));
  return FillUdp(socket, local_fd, context);
}

Status UdpSocketKind::Settle(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const InetFileState state, Decode<InetFileState>(value, "udp_socket"));
  ASSIGN_OR_RETURN(const UdpState socket, DecodeUdp(state.object, context));
  RETURN_IF_ERROR(SettleUdp(socket, local_fd, context));
  return SetStatusFlags(local_fd, state.open.flags);
}

Status UdpSocketKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const InetFileState state, Decode<InetFileState>(value, "udp_socket"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

Result<ScopedFd> UdpSocketObject::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const UdpState state, DecodeUdp(value));
  return MakeUdp(state);
}

}  // namespace tardigrade::inet_socket
