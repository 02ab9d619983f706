#include "plugins/inet_socket/tcp_make.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "plugins/inet_socket/tcp_connect.h"
#include "plugins/inet_socket/tcp_kept_make.h"

namespace tardigrade::inet_socket {
namespace {

Result<ScopedFd> MakeListener(const TcpState& state) {
  ASSIGN_OR_RETURN(ScopedFd fd, NewBound(state.family, state.local, state.inet));
  if (listen(fd.get(), state.backlog) != 0) return BindError(errno, AddressText(state.local));
  return fd;
}

// The job's listeners that have the accepted side's address; made before the connection.
Result<std::vector<int>> ListenersOf(const TcpState& accepted, CreateContext& context) {
  std::vector<int> fds;
  for (const std::string& key : accepted.listeners) {
    ASSIGN_OR_RETURN(const TcpState listener, DecodeTcp(key, context));
    if (listener.stage != Stage::kListening || listener.local.port != accepted.local.port)
      return Error(ErrorCode::kBadImage,
                   StrCat(key, " does not listen at ", AddressText(accepted.local)));
    ASSIGN_OR_RETURN(const int fd, context.Object(key));
    fds.push_back(fd);
  }
  return fds;
}

// Outside net.ipv4.ip_local_port_range connect(2) chooses as it likes.
Status CheckPort(const TcpState& state, int local_fd) {
  ASSIGN_OR_RETURN(const SockAddress local, ReadLocal(local_fd));
  if (state.local.port == 0 || local.ToInetAddress().port == state.local.port) return Ok();
  return BindError(EADDRINUSE, AddressText(state.local));
}

// By a listener of the job's, or one that is gone again when the connection is made.
Result<TcpSides> Connect(const TcpState& accepted, const TcpState& client, CreateContext& context) {
  ASSIGN_OR_RETURN(std::vector<int> listeners, ListenersOf(accepted, context));
  ScopedFd own_listener;
  if (listeners.empty()) {
    ASSIGN_OR_RETURN(own_listener, NewBound(accepted.family, accepted.local, accepted.inet));
    if (listen(own_listener.get(), 1) != 0) return BindError(errno, AddressText(accepted.local));
    listeners.push_back(own_listener.get());
  }
  ASSIGN_OR_RETURN(ScopedFd socket, NewClient(client.family, client.local, client.inet));
  ASSIGN_OR_RETURN(TcpSides sides,
                   ConnectAndAccept(std::move(socket), client.remote, client.family, listeners));
  RETURN_IF_ERROR(CheckPort(client, sides.client.get()));
  return sides;
}

Result<ScopedFd> MakeConnection(const TcpState& state, const TcpState& peer,
                                CreateContext& context) {
  if (peer.peer != state.key || peer.stage != Stage::kConnected)
    return Error(ErrorCode::kBadImage,
                 StrCat("the sockets ", state.key, " and ", peer.key, " are not connected"));
  const bool accepted = !state.listeners.empty();
  ASSIGN_OR_RETURN(TcpSides sides,
                   accepted ? Connect(state, peer, context) : Connect(peer, state, context));
  context.SetAside(peer.key, std::move(accepted ? sides.client : sides.accepted));
  return std::move(accepted ? sides.accepted : sides.client);
}

// The side that the image does not have.  Its address shows only on a connection that it has
// closed: elsewhere any will do, on this very machine.
TcpState StandInFor(const TcpState& state, bool with_address) {
  TcpState stand_in;
  stand_in.family = state.family;
  stand_in.local = state.remote;
  stand_in.remote = state.local;
  if (with_address) return stand_in;
  stand_in.local = state.local;
  stand_in.local.port = 0;
  return stand_in;
}

Result<TcpSides> ConnectStandIn(const TcpState& state, bool with_address, CreateContext& context) {
  const TcpState stand_in = StandInFor(state, with_address);
  if (with_address || !state.listeners.empty()) return Connect(state, stand_in, context);
  // It listens, so that this side's port needs no listener that others could find.
  ASSIGN_OR_RETURN(const ScopedFd listener,
                   NewBound(stand_in.family, stand_in.local, InetOptions()));
  if (listen(listener.get(), 1) != 0) return BindError(errno, AddressText(stand_in.local));
  ASSIGN_OR_RETURN(const SockAddress at, ReadLocal(listener.get()));
  ASSIGN_OR_RETURN(ScopedFd socket, NewClient(state.family, state.local, state.inet));
  const int listeners[] = {listener.get()};
  ASSIGN_OR_RETURN(TcpSides sides, ConnectAndAccept(std::move(socket), at.ToInetAddress(),
                                                    state.family, listeners));
  RETURN_IF_ERROR(CheckPort(state, sides.client.get()));
  std::swap(sides.accepted, sides.client);
  return sides;
}

// `accepted` of what this returns is the job's.
Result<TcpSides> ConnectToStandIn(const TcpState& state, CreateContext& context) {
  if (state.ending != Ending::kClosed)
    return ConnectStandIn(state, /*with_address=*/false, context);
  Result<TcpSides> sides = ConnectStandIn(state, /*with_address=*/true, context);
  if (sides.has_value() || sides.error().errno_value() != EADDRINUSE) return sides;
  context.Warn(StrCat("the connection of ", AddressText(state.local), " to ",
                      AddressText(state.remote),
                      ", which was closed there, shows another port now: somebody uses that one"));
  return ConnectStandIn(state, /*with_address=*/false, context);
}

Result<ScopedFd> MakeConnectionToStandIn(const TcpState& state, CreateContext& context) {
  ASSIGN_OR_RETURN(TcpSides sides, ConnectToStandIn(state, context));
  context.SetAside(StandInKey(state.key), std::move(sides.client));
  return std::move(sides.accepted);
}

}  // namespace

Result<ScopedFd> MakeTcp(const TcpState& state, CreateContext& context) {
  if (ScopedFd made = context.TakeAside(state.key); made.valid()) return made;
  switch (state.stage) {
    case Stage::kListening:
      return MakeListener(state);
    case Stage::kConnected: {
      if (state.ending == Ending::kKept) return MakeKept(state, context);
      if (state.ending != Ending::kNone) return MakeConnectionToStandIn(state, context);
      ASSIGN_OR_RETURN(const TcpState peer, DecodeTcp(state.peer, context));
      return MakeConnection(state, peer, context);
    }
    case Stage::kEnded:
      return MakeConnectionToStandIn(state, context);
    default:
      return NewBound(state.family, state.local, state.inet);
  }
}

}  // namespace tardigrade::inet_socket
