#include "plugins/unix_socket/unix_socket_kind.h"

#include <fcntl.h>

#include "plugins/unix_socket/collect_queue.h"
#include "plugins/unix_socket/collect_socket.h"
#include "plugins/unix_socket/external.h"
#include "plugins/unix_socket/fill_queue.h"
#include "plugins/unix_socket/make_socket.h"
#include "plugins/unix_socket/settle_socket.h"
#include "plugins/unix_socket/socket_state.h"

namespace tardigrade::unix_socket {

bool UnixSocketKind::Claims(const FdFacts& file) const { return IsUnixSocket(file); }

bool UnixSocketKind::MayHoldFiles(const FdFacts& file) const { return MayHoldFilesInFlight(file); }

Result<FdKind::Held> UnixSocketKind::HeldFiles(const FdFacts& file) const {
  return FilesInFlight(file);
}

Status UnixSocketKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return CheckSocket(file, all);
}

Result<Value> UnixSocketKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                      CollectContext& context) const {
  SocketFileState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.object = SocketKey(file.stat.st_ino);
  const auto collect = [&]() -> Result<Value> {
    ASSIGN_OR_RETURN(const SocketState socket, CollectSocket(file, all, context));
    if (!socket.peer.empty() && !IsAmong(all, InodeOfKey(socket.peer)))
      RETURN_IF_ERROR(CheckExternal(file, InodeOfKey(socket.peer), socket));
    return Encode(socket);
  };
  RETURN_IF_ERROR(context.AddObject(state.object, "unix_socket", collect), "fd ", file.fd);
  return Encode(state);
}

Result<ScopedFd> UnixSocketKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const SocketFileState state, Decode<SocketFileState>(value, "unix_socket"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ScopedFd fd(fcntl(object, F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) return Error::Errno("duplicating a socket");
  return fd;
}

Status UnixSocketKind::Fill(const Value& value, int, CreateContext& context) const {
  ASSIGN_OR_RETURN(const SocketFileState state, Decode<SocketFileState>(value, "unix_socket"));
  ASSIGN_OR_RETURN(const SocketState socket, DecodeSocket(state.object, context));
  return FillQueue(socket, context);
}

Status UnixSocketKind::Settle(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const SocketFileState state, Decode<SocketFileState>(value, "unix_socket"));
  ASSIGN_OR_RETURN(const SocketState socket, DecodeSocket(state.object, context));
  RETURN_IF_ERROR(SettleSocket(socket, local_fd, context));
  return SetStatusFlags(local_fd, state.open.flags);
}

Status UnixSocketKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const SocketFileState state, Decode<SocketFileState>(value, "unix_socket"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

Result<ScopedFd> UnixSocketObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const SocketState state, DecodeSocket(value, context));
  return MakeSocket(state, context);
}

}  // namespace tardigrade::unix_socket
