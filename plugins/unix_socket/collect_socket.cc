#include "plugins/unix_socket/collect_socket.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "plugins/unix_socket/address.h"
#include "plugins/unix_socket/collect_queue.h"
#include "plugins/unix_socket/external.h"
#include "plugins/unix_socket/locate_name.h"
#include "plugins/unix_socket/read_creator.h"

namespace tardigrade::unix_socket {
namespace {

constexpr uint32_t kShutdownBoth = 3;

uint32_t InodeOf(const FdFacts& file) { return static_cast<uint32_t>(file.stat.st_ino); }

bool HasError(const FdFacts& file) {
  pollfd poller{.fd = file.local_fd, .events = 0, .revents = 0};
  return poll(&poller, 1, /*timeout_ms=*/0) == 1 && (poller.revents & POLLERR) != 0;
}

Error UnseenBytes(const FdFacts& file, const std::string& who) {
  return Error(ErrorCode::kUnsupported,
               StrCat(who, " connected to fd ", file.fd,
                      ", has written to it, and waits to be accepted: the kernel shows what was "
                      "written to nobody before that; try again when it was accepted"))
      .Passing();
}

// The other side is there, but nobody has a descriptor of it: a listener has not accepted it yet.
Result<const UnixSocketInfo*> FindListener(std::span<const UnixSocketInfo> listeners,
                                           uint32_t inode) {
  for (const UnixSocketInfo& listener : listeners)
    if (std::find(listener.waiting.begin(), listener.waiting.end(), inode) !=
        listener.waiting.end())
      return &listener;
  return nullptr;
}

Status CollectListener(const FdFacts& file, const UnixSocketInfo& info, SocketState& state) {
  state.stage = Stage::kListening;
  state.backlog = static_cast<int32_t>(info.send_queue);
  for (const uint32_t waiting : info.waiting) {
    if (waiting == 0) {
      if (PolicyOf(file) != ExternalPolicy::kRefuse) continue;
      return Error(ErrorCode::kUnsupported,
                   StrCat("somebody connected to ", NameText(state.name), " (fd ", file.fd,
                          ") and closed the connection before it was accepted: the kernel shows "
                          "what was written to nobody; try again when it was accepted, or drop it "
                          "with --external close"))
          .Passing();
    }
    if (state.name.is_path() && !state.name.has_file)
      return Error(ErrorCode::kUnsupported,
                   StrCat("fd ", file.fd, " listens at ", NameText(state.name),
                          ", which was removed, and somebody waits to be accepted there; try again "
                          "when it was accepted"))
          .Passing();
    state.waiting.push_back(SocketKey(waiting));
  }
  return Ok();
}

// Which of two that are connected was accepted: the one with the name of a listener.
bool WasAccepted(const SocketState& state, const UnixSocketInfo& info,
                 std::span<const UnixSocketInfo> listeners) {
  if (state.type == SOCK_DGRAM || state.name.text.empty()) return false;
  if (state.peer_name.text.empty()) return true;
  for (const UnixSocketInfo& listener : listeners) {
    const bool same_file = info.file.has_value() && listener.file == info.file;
    if (same_file || (!info.file.has_value() && listener.name == info.name)) return true;
  }
  return false;
}

// Who is connected to a datagram socket, other than the one it is connected to.
Status CollectFollowers(const UnixSocketInfo& info, UnixDiag& diag, SocketState& state) {
  ASSIGN_OR_RETURN(const std::vector<UnixSocketInfo> others, diag.List(1u << kUnixEstablished));
  for (const UnixSocketInfo& other : others)
    if (other.peer == info.inode && other.type == SOCK_DGRAM && other.inode != info.peer)
      state.followers.push_back(SocketKey(other.inode));
  return Ok();
}

// The listener that has the name of the accepted side, now.
std::string ListenerOf(const SocketState& state, std::span<const UnixSocketInfo> listeners) {
  const Name& name = state.accepted ? state.name : state.peer_name;
  for (const UnixSocketInfo& listener : listeners)
    if (listener.type == state.type && !name.is_path() && !name.text.empty() &&
        listener.name == name.text)
      return SocketKey(listener.inode);
  return std::string();
}

// A pair without names, and a connection by a path, tell all by themselves.
bool MayConcernListener(const UnixSocketInfo& info, const SocketState& state) {
  const Name& name = state.name.text.empty() ? state.peer_name : state.name;
  const bool both = !state.name.text.empty() && !state.peer_name.text.empty();
  return info.peer.value_or(0) == 0 || both || (!name.text.empty() && !name.is_path());
}

Status CollectPeer(const FdFacts& file, const UnixSocketInfo& info, UnixDiag& diag,
                   SocketState& state) {
  ASSIGN_OR_RETURN(const std::string peer_name, ReadPeerName(file.local_fd));
  ASSIGN_OR_RETURN(state.peer_name, LocateName(file.pid, peer_name, -1, std::nullopt));
  state.stage = Stage::kConnected;
  if (state.type == SOCK_DGRAM) {
    if (info.peer.value_or(0) != 0) state.peer = SocketKey(*info.peer);
    return Ok();
  }
  std::vector<UnixSocketInfo> listeners;
  if (MayConcernListener(info, state)) {
    ASSIGN_OR_RETURN(listeners, diag.List(1u << kUnixListening));
  }
  state.accepted = WasAccepted(state, info, listeners);
  state.listener = ListenerOf(state, listeners);
  state.was_reset = HasError(file);
  if (info.peer.value_or(0) != 0) {
    state.peer = SocketKey(*info.peer);
    return Ok();
  }
  ASSIGN_OR_RETURN(const UnixSocketInfo* listener, FindListener(listeners, InodeOf(file)));
  if (listener != nullptr) {
    if (info.send_queue != 0) return UnseenBytes(file, "the process itself");
    state.stage = Stage::kWaiting;
    state.peer = SocketKey(listener->inode);
  } else if (state.shutdown != kShutdownBoth) {
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd, " is connected to ", NameText(state.peer_name),
                        " in another network namespace, which cannot be saved yet"));
  }
  return Ok();
}

// A datagram socket that was connected by socketpair(2) or connect(2), and how.
Status CheckDatagramPeer(const FdFacts& file, const SocketState& state, UnixDiag& diag) {
  if (state.type != SOCK_DGRAM || state.stage != Stage::kConnected) return Ok();
  if (HasError(file))
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd,
                        " has an error pending that is not read yet (its other "
                        "side was disconnected); let it be read first"));
  if (state.peer.empty() || !state.peer_name.text.empty()) return Ok();
  ASSIGN_OR_RETURN(const auto peer, diag.Find(InodeOfKey(state.peer)));
  if (peer.has_value() && peer->peer == InodeOf(file)) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("fd ", file.fd,
                      " is one of a pair of datagram sockets whose other side, "
                      "without a name, was connected elsewhere since; such a pair cannot be made "
                      "again"));
}

}  // namespace

bool IsUnixSocket(const FdFacts& file) {
  if (!S_ISSOCK(file.stat.st_mode) || !file.link.starts_with("socket:[")) return false;
  int domain = 0;
  socklen_t size = sizeof(domain);
  return getsockopt(file.local_fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

bool IsAmong(std::span<const FdFacts> all, uint32_t inode) {
  return std::any_of(all.begin(), all.end(), [inode](const FdFacts& other) {
    return InodeOf(other) == inode && other.link.starts_with("socket:[");
  });
}

Result<UnixSocketInfo> Ask(UnixDiag& diag, const FdFacts& file) {
  ASSIGN_OR_RETURN(std::optional<UnixSocketInfo> info, diag.Find(InodeOf(file)));
  if (info.has_value()) return std::move(*info);
  return Error(ErrorCode::kUnsupported,
               StrCat("the UNIX socket fd ", file.fd,
                      " is in another network namespace, which cannot be saved yet"));
}

Status CheckSocket(const FdFacts& file, std::span<const FdFacts> all) {
  ASSIGN_OR_RETURN(UnixDiag diag, UnixDiag::Open());
  ASSIGN_OR_RETURN(const UnixSocketInfo info, Ask(diag, file));
  if (PolicyOf(file) != ExternalPolicy::kRefuse) return Ok();
  const uint32_t peer = info.peer.value_or(0);
  if (peer != 0 && !IsAmong(all, peer)) return RefuseExternal(file, peer, "is connected to");
  for (const uint32_t waiting : info.waiting)
    if (waiting != 0 && !IsAmong(all, waiting))
      return RefuseExternal(file, waiting, "has not accepted yet the connection of");
  return Ok();
}

Result<SocketState> CollectSocket(const FdFacts& file, std::span<const FdFacts> all,
                                  CollectContext& context) {
  ASSIGN_OR_RETURN(UnixDiag diag, UnixDiag::Open());
  ASSIGN_OR_RETURN(const UnixSocketInfo info, Ask(diag, file));
  SocketState state;
  state.key = SocketKey(info.inode);
  state.external = static_cast<uint32_t>(PolicyOf(file));
  state.type = info.type;
  state.shutdown = info.shutdown;
  ASSIGN_OR_RETURN(const std::string name, ReadName(file.local_fd));
  ASSIGN_OR_RETURN(state.name, LocateName(file.pid, name, file.local_fd, info.file));
  ASSIGN_OR_RETURN(state.creator, ReadCreator(file));
  ASSIGN_OR_RETURN(state.options, ReadSocketOptions(file.local_fd));
  if (info.state == kUnixListening) {
    RETURN_IF_ERROR(CollectListener(file, info, state));
    return state;
  }
  if (info.peer.has_value()) RETURN_IF_ERROR(CollectPeer(file, info, diag, state));
  RETURN_IF_ERROR(CheckDatagramPeer(file, state, diag));
  if (state.type == SOCK_DGRAM && !state.name.text.empty())
    RETURN_IF_ERROR(CollectFollowers(info, diag, state));
  if (state.stage == Stage::kWaiting) {
    // The side that is to be accepted does not show who connected.
    ASSIGN_OR_RETURN(state.connector, HolderOf(file));
    return state;
  }
  ASSIGN_OR_RETURN(state.queue, CollectQueue(file, all, info, state, context));
  return state;
}

}  // namespace tardigrade::unix_socket
