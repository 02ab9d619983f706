#include "plugins/unix_socket/settle_socket.h"

#include <cerrno>

#include "plugins/unix_socket/address.h"
#include "plugins/unix_socket/bind_name.h"
#include "plugins/unix_socket/make_connection.h"
#include "plugins/unix_socket/make_socket.h"
#include "plugins/unix_socket/private_root.h"

namespace tardigrade::unix_socket {
namespace {

constexpr int kDeepest = 100;

Result<bool> IsConnected(int fd) {
  Address address;
  socklen_t size = address.capacity();
  if (getpeername(fd, address.data(), &size) == 0) return true;
  if (errno != ENOTCONN) return Error::Errno("getpeername");
  return false;
}

// To somebody who is gone: he lives for that moment.
Status ConnectToDead(const SocketState& state, int fd, CreateContext& context) {
  ASSIGN_OR_RETURN(const ScopedFd dead, NewSocket(state.type));
  const auto connect_us = [&] { return ConnectTo(fd, state.peer_name.text); };
  const Status connected = BindWithoutFile(dead.get(), state.peer_name, connect_us);
  if (connected.has_value()) return Ok();
  context.Warn(StrCat("a datagram socket that was connected to ", NameText(state.peer_name),
                      ", which is gone, is not connected now: ", connected.error().ToString()));
  return Ok();
}

// In the right order: nobody can connect to a socket that is connected elsewhere
// (unix_may_send(), net/unix/af_unix.c).
Status ConnectDatagram(const SocketState& state, int fd, CreateContext& context, int depth) {
  if (state.stage != Stage::kConnected) return Ok();
  ASSIGN_OR_RETURN(const bool connected, IsConnected(fd));
  if (connected) return Ok();
  if (depth > kDeepest) return Error(ErrorCode::kBadImage, "unix_socket.followers go in a circle");
  for (const std::string& key : state.followers) {
    if (context.ObjectState(key) == nullptr) continue;  // Of another job.
    ASSIGN_OR_RETURN(const SocketState follower, DecodeSocket(key, context));
    if (follower.type != SOCK_DGRAM || follower.peer != state.key) continue;
    ASSIGN_OR_RETURN(const int its_fd, context.Object(key));
    RETURN_IF_ERROR(ConnectDatagram(follower, its_fd, context, depth + 1));
  }
  if (state.peer.empty()) return ConnectToDead(state, fd, context);
  Name name = state.peer_name;
  if (context.ObjectState(state.peer) != nullptr) {
    ASSIGN_OR_RETURN(const SocketState peer, DecodeSocket(state.peer, context));
    ASSIGN_OR_RETURN(const int its_fd, context.Object(state.peer));
    (void)its_fd;  // It exists, and so does its name.
    name = peer.name;
  } else if (!ReconnectsOutside(state, context)) {
    return ConnectToDead(state, fd, context);
  }
  ASSIGN_OR_RETURN(const ScopedDirectory directory, ScopedDirectory::Enter(name.directory));
  RETURN_IF_ERROR(ConnectTo(fd, ReachableText(name)), "connecting to ", NameText(name), " again");
  return Ok();
}

Status ConnectOutside(const SocketState& state, int fd) {
  ASSIGN_OR_RETURN(const ScopedDirectory directory,
                   ScopedDirectory::Enter(state.peer_name.directory));
  RETURN_IF_ERROR(ConnectTo(fd, ReachableText(state.peer_name)), "connecting to ",
                  NameText(state.peer_name), " again (--external reconnect)");
  return Ok();
}

// The other side is closed.  If it had not read everything, this side is told of an error
// (unix_release_sock()).
Status CloseStandIn(const SocketState& state, int fd, CreateContext& context) {
  const ScopedFd stand_in = context.TakeAside(StandInKey(state.key));
  if (!stand_in.valid() || !state.was_reset) return Ok();
  const char byte = 0;
  if (send(fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    return Error::Errno("writing what the other side is not to read");
  return Ok();
}

}  // namespace

Status SettleSocket(const SocketState& state, int local_fd, CreateContext& context) {
  RETURN_IF_ERROR(CloseStandIn(state, local_fd, context));
  if (state.type == SOCK_DGRAM) {
    RETURN_IF_ERROR(ConnectDatagram(state, local_fd, context, 0));
  } else if (ReconnectsOutside(state, context)) {
    RETURN_IF_ERROR(ConnectOutside(state, local_fd));
  }
  if (state.shutdown != 0 && shutdown(local_fd, static_cast<int>(state.shutdown) - 1) != 0)
    return Error::Errno("shutting a UNIX socket down");
  return ApplySocketOptions(local_fd, state.options);
}

}  // namespace tardigrade::unix_socket
