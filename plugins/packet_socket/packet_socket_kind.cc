#include "plugins/packet_socket/packet_socket_kind.h"

#include <sys/socket.h>

#include "plugins/packet_socket/packet_collect.h"
#include "plugins/packet_socket/packet_make.h"
#include "plugins/packet_socket/packet_state.h"

namespace tardigrade::packet_socket {

bool PacketSocketKind::Claims(const FdFacts& file) const {
  return S_ISSOCK(file.stat.st_mode) && file.link.starts_with("socket:[") &&
         SocketNumber(file.local_fd, SO_DOMAIN) == AF_PACKET;
}

Status PacketSocketKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return CheckPacket(file);
}

Result<Value> PacketSocketKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                        CollectContext& context) const {
  PacketFileState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.object = PacketKey(file.stat.st_ino);
  const auto collect = [&]() -> Result<Value> {
    ASSIGN_OR_RETURN(const PacketState socket, CollectPacket(file, context));
    return Encode(socket);
  };
  RETURN_IF_ERROR(context.AddObject(state.object, name(), collect), "fd ", file.fd);
  return Encode(state);
}

Result<ScopedFd> PacketSocketKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const PacketFileState state, Decode<PacketFileState>(value, "packet_socket"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ScopedFd fd(fcntl(object, F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) return Error::Errno("duplicating a packet socket");
  return fd;
}

Status PacketSocketKind::Settle(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const PacketFileState state, Decode<PacketFileState>(value, "packet_socket"));
  ASSIGN_OR_RETURN(const PacketState socket, DecodePacket(state.object, context));
  RETURN_IF_ERROR(SettlePacket(socket, local_fd, context));
  return SetStatusFlags(local_fd, state.open.flags);
}

Status PacketSocketKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const PacketFileState state, Decode<PacketFileState>(value, "packet_socket"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

Result<ScopedFd> PacketSocketObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const PacketState state, DecodePacket(value));
  return MakePacket(state, context);
}

}  // namespace tardigrade::packet_socket
