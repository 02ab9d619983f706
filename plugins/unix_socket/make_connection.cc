#include "plugins/unix_socket/make_connection.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "plugins/unix_socket/address.h"
#include "plugins/unix_socket/bind_name.h"
#include "plugins/unix_socket/run_as.h"
#include "supervisor/kernel/unix_diag.h"

namespace tardigrade::unix_socket {
namespace {

// The side that the image does not have.
SocketState StandInFor(const SocketState& state) {
  SocketState stand_in;
  stand_in.key = StandInKey(state.key);
  stand_in.type = state.type;
  stand_in.stage = Stage::kConnected;
  stand_in.name = state.peer_name;
  stand_in.name.has_file = false;
  stand_in.creator = state.creator;
  stand_in.accepted = !state.accepted && !state.peer_name.text.empty();
  stand_in.listener = state.listener;
  return stand_in;
}

struct Sides {
  ScopedFd accepted;
  ScopedFd client;
};

// Accepts the very one that we connected: others may connect as soon as there is a listener.
Result<ScopedFd> AcceptFrom(int listener, int client) {
  struct stat st = {};
  if (fstat(client, &st) != 0) return Error::Errno("fstat of a socket");
  ASSIGN_OR_RETURN(UnixDiag diag, UnixDiag::Open());
  for (;;) {
    ScopedFd accepted(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted.valid()) return Error::Errno("accepting a connection");
    struct stat other = {};
    if (fstat(accepted.get(), &other) != 0) return Error::Errno("fstat of a socket");
    ASSIGN_OR_RETURN(const auto info, diag.Find(static_cast<uint32_t>(other.st_ino)));
    if (info.has_value() && info->peer == static_cast<uint32_t>(st.st_ino)) return accepted;
  }
}

Result<Sides> ConnectAndAccept(int listener, const SocketState& accepted, const SocketState& client,
                               CreateContext& context) {
  Sides sides;
  ASSIGN_OR_RETURN(sides.client, NewSocket(client.type));
  const Address address(accepted.name.text);
  const CallOutcome connected = RunAs(accepted.creator, context, [&] {
    const int result = connect(sides.client.get(), address.data(), address.size());
    return CallOutcome{.error = result == 0 ? 0 : errno};
  });
  if (connected.error != 0)
    return Error::Syscall(ErrorCode::kSystem, connected.error,
                          StrCat("connecting to ", NameText(accepted.name)));
  ASSIGN_OR_RETURN(sides.accepted, AcceptFrom(listener, sides.client.get()));
  return sides;
}

// A listener that is gone again when the connection is made.
Result<Sides> ConnectByListener(const SocketState& accepted, const SocketState& client,
                                CreateContext& context) {
  if (!accepted.name.is_path() && context.ObjectState(accepted.listener) != nullptr) {
    // An abstract name belongs to one socket at a time.
    ASSIGN_OR_RETURN(const SocketState state, DecodeSocket(accepted.listener, context));
    if (state.stage != Stage::kListening || state.name.text != accepted.name.text)
      return Error(ErrorCode::kBadImage, StrCat(accepted.listener, " does not listen there"));
    ASSIGN_OR_RETURN(const int listener, context.Object(accepted.listener));
    return ConnectAndAccept(listener, accepted, client, context);
  }
  ASSIGN_OR_RETURN(const ScopedFd listener, NewSocket(accepted.type));
  Sides sides;
  const auto connect_sides = [&]() -> Status {
    const CallOutcome listened = RunAs(client.creator, context, [&] {
      return CallOutcome{.error = listen(listener.get(), 1) == 0 ? 0 : errno};
    });
    if (listened.error != 0)
      return Error::Syscall(ErrorCode::kSystem, listened.error, "making a UNIX socket listen");
    ASSIGN_OR_RETURN(sides, ConnectAndAccept(listener.get(), accepted, client, context));
    return Ok();
  };
  RETURN_IF_ERROR(BindWithoutFile(listener.get(), accepted.name, connect_sides));
  return sides;
}

Result<ScopedFd> Pair(const SocketState& state, const SocketState& peer, CreateContext& context) {
  const CallOutcome paired = RunAs(state.creator, context, [&] {
    CallOutcome outcome;
    const int type = state.type | SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (socketpair(AF_UNIX, type, 0, outcome.fds) != 0) outcome.error = errno;
    return outcome;
  });
  if (paired.error != 0)
    return Error::Syscall(ErrorCode::kSystem, paired.error, "making a pair of UNIX sockets");
  ScopedFd one(paired.fds[0]);
  ScopedFd other(paired.fds[1]);
  RETURN_IF_ERROR(BindName(one.get(), state.name));
  RETURN_IF_ERROR(BindName(other.get(), peer.name));
  context.SetAside(peer.key, std::move(other));
  return one;
}

}  // namespace

Status ConnectTo(int local_fd, const std::string& text) {
  const Address address(text);
  if (connect(local_fd, address.data(), address.size()) == 0) return Ok();
  return Error::Errno("connecting a UNIX socket");
}

Result<ScopedFd> MakePair(const SocketState& state, const SocketState& peer,
                          CreateContext& context) {
  return Pair(state, peer, context);
}

Result<ScopedFd> MakePairWithStandIn(const SocketState& state, CreateContext& context) {
  return Pair(state, StandInFor(state), context);
}

Result<ScopedFd> MakeConnection(const SocketState& state, const SocketState& peer,
                                CreateContext& context) {
  const bool state_named = !state.name.text.empty();
  const bool peer_named = !peer.name.text.empty();
  if (!state_named && !peer_named) return Pair(state, peer, context);
  bool state_accepted = state_named && (!peer_named || state.key > peer.key);
  if (state.accepted != peer.accepted) state_accepted = state.accepted && state_named;
  const SocketState& accepted = state_accepted ? state : peer;
  const SocketState& client = state_accepted ? peer : state;
  if (accepted.name.text.empty())
    return Error(ErrorCode::kBadImage, StrCat("the socket ", accepted.key, " was accepted without a name"));
  ASSIGN_OR_RETURN(Sides sides, ConnectByListener(accepted, client, context));
  RETURN_IF_ERROR(BindName(sides.client.get(), client.name));
  context.SetAside(peer.key, std::move(state_accepted ? sides.client : sides.accepted));
  return std::move(state_accepted ? sides.accepted : sides.client);
}

Result<ScopedFd> MakeConnectionToStandIn(const SocketState& state, CreateContext& context) {
  return MakeConnection(state, StandInFor(state), context);
}

}  // namespace tardigrade::unix_socket
