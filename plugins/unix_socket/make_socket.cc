#include "plugins/unix_socket/make_socket.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "plugins/unix_socket/bind_name.h"
#include "plugins/unix_socket/make_connection.h"
#include "plugins/unix_socket/run_as.h"

namespace tardigrade::unix_socket {
namespace {

Result<ScopedFd> MakeBound(const SocketState& state) {
  ASSIGN_OR_RETURN(ScopedFd fd, NewSocket(state.type));
  RETURN_IF_ERROR(BindName(fd.get(), state.name));
  return fd;
}

Result<ScopedFd> MakeListener(const SocketState& state, CreateContext& context) {
  ASSIGN_OR_RETURN(ScopedFd fd, MakeBound(state));
  const CallOutcome listened = RunAs(state.creator, context, [&] {
    return CallOutcome{.error = listen(fd.get(), state.backlog) == 0 ? 0 : errno};
  });
  if (listened.error != 0)
    return Error::Syscall(ErrorCode::kSystem, listened.error, "making a UNIX socket listen");
  return fd;
}

// Who is connected to the socket, and can be as soon as it is made.
Result<std::vector<int>> FollowersOf(const SocketState& state, CreateContext& context) {
  std::vector<int> fds;
  for (const std::string& key : state.followers) {
    if (context.ObjectState(key) == nullptr) continue;
    ASSIGN_OR_RETURN(const SocketState follower, DecodeSocket(key, context));
    if (follower.type != SOCK_DGRAM || follower.peer != state.key) continue;
    if (!follower.queue.messages.empty() || !follower.followers.empty())
      return Error(ErrorCode::kUnsupported,
                   StrCat("a datagram socket is connected to ", NameText(state.name),
                          ", whose file was removed, and holds messages of others; such a socket "
                          "cannot be made again"));
    ASSIGN_OR_RETURN(const int fd, context.Object(key));
    fds.push_back(fd);
  }
  return fds;
}

// A datagram socket whose name has no file can be reached only while it is being bound: who is to be
// connected to it is connected then, and so is somebody who will send it what it had.
Result<ScopedFd> MakeDatagramWithoutFile(const SocketState& state, CreateContext& context) {
  ASSIGN_OR_RETURN(const std::vector<int> followers, FollowersOf(state, context));
  ASSIGN_OR_RETURN(ScopedFd fd, NewSocket(state.type));
  ASSIGN_OR_RETURN(ScopedFd sender, NewSocket(state.type));
  const auto connect_all = [&]() -> Status {
    for (const int follower : followers) RETURN_IF_ERROR(ConnectTo(follower, state.name.text));
    return ConnectTo(sender.get(), state.name.text);
  };
  RETURN_IF_ERROR(BindName(fd.get(), state.name, connect_all));
  context.SetAside(StandInKey(state.key), std::move(sender));
  return fd;
}

Result<ScopedFd> MakeDatagram(const SocketState& state, CreateContext& context) {
  if (state.stage == Stage::kConnected && HasCreator(state)) {
    const bool has_peer = context.ObjectState(state.peer) != nullptr;
    if (!has_peer) return MakePairWithStandIn(state, context);
    ASSIGN_OR_RETURN(const SocketState peer, DecodeSocket(state.peer, context));
    if (IsDatagramPair(state, peer)) return MakePair(state, peer, context);
  }
  if (state.name.is_path() && !state.name.has_file) return MakeDatagramWithoutFile(state, context);
  return MakeBound(state);
}

Result<ScopedFd> MakeStream(const SocketState& state, CreateContext& context) {
  if (ReconnectsOutside(state, context)) return MakeBound(state);
  if (context.ObjectState(state.peer) == nullptr) return MakeConnectionToStandIn(state, context);
  // The listener connects those who wait when the time has come.
  if (state.stage == Stage::kWaiting) return MakeBound(state);
  ASSIGN_OR_RETURN(const SocketState peer, DecodeSocket(state.peer, context));
  if (peer.peer != state.key || peer.type != state.type || peer.stage != Stage::kConnected ||
      state.peer == state.key)
    return Error(ErrorCode::kBadImage,
                 StrCat("the sockets ", state.key, " and ", state.peer, " are not connected"));
  return MakeConnection(state, peer, context);
}

}  // namespace

bool HasCreator(const SocketState& state) { return state.creator.uid != ~0u; }

bool IsDatagramPair(const SocketState& state, const SocketState& peer) {
  return state.key != peer.key && peer.peer == state.key && state.peer == peer.key &&
         peer.type == SOCK_DGRAM && HasCreator(state) && HasCreator(peer);
}

bool ReconnectsOutside(const SocketState& state, CreateContext& context) {
  return !state.peer.empty() && context.ObjectState(state.peer) == nullptr &&
         state.external == static_cast<uint32_t>(ExternalPolicy::kReconnect);
}

Result<ScopedFd> MakeSocket(const SocketState& state, CreateContext& context) {
  if (ScopedFd made = context.TakeAside(state.key); made.valid()) return made;
  switch (state.stage) {
    case Stage::kIdle:
      return state.type == SOCK_DGRAM ? MakeDatagram(state, context) : MakeBound(state);
    case Stage::kListening:
      return MakeListener(state, context);
    case Stage::kConnected:
    case Stage::kWaiting:
      return state.type == SOCK_DGRAM ? MakeDatagram(state, context) : MakeStream(state, context);
  }
  return Error(ErrorCode::kBadImage, "unix_socket.stage is out of range");
}

}  // namespace tardigrade::unix_socket
