#include "plugins/inet_socket/tcp_collect.h"

#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <string>
#include <utility>

#include "plugins/inet_socket/await_arrival.h"
#include "plugins/inet_socket/tcp_connection.h"
#include "plugins/inet_socket/tcp_keep.h"
#include "plugins/inet_socket/tcp_listener.h"
#include "plugins/inet_socket/tcp_queue.h"
#include "supervisor/resource/socket_holder.h"

namespace tardigrade::inet_socket {
namespace {

// A connection that is being opened or closed comes to rest by itself.
constexpr int kMostLooks = 5;

Error Unsupported(const FdFacts& file, const std::string& what) {
  return Error(ErrorCode::kUnsupported, StrCat("the TCP socket fd ", file.fd, " ", what));
}

Error PendingError(const FdFacts& file) {
  return Unsupported(file,
                     "has an error pending, which shows only to who takes it off (SO_ERROR); try "
                     "again when it has been read")
      .Passing();
}

Status CollectQueue(const FdFacts& file, CollectContext& context, TcpState& state) {
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, PeekStream(file.local_fd),
                   "the queue of fd ", file.fd);
  ASSIGN_OR_RETURN(state.queue, context.attachments().Put(bytes));
  return Ok();
}

// At whose address this end is.
Status CollectListeners(const InetEndpoint& end, std::span<const FdFacts> all, InetDiag& diag,
                        TcpState& state) {
  ASSIGN_OR_RETURN(const std::vector<const FdFacts*> listeners, FindListeners(end, all, diag));
  for (const FdFacts* listener : listeners)
    state.listeners.push_back(TcpKey(listener->stat.st_ino));
  return Ok();
}

// Closed: never connected, or not any more, which tcp_poll() (net/ipv4/tcp.c) tells.
Status CollectClosed(const FdFacts& file, std::span<const FdFacts> all, InetDiag& diag,
                     CollectContext& context, TcpState& state) {
  if ((PollNow(file.local_fd, POLLRDHUP) & POLLRDHUP) == 0) return Ok();
  state.stage = Stage::kEnded;
  state.got_end = true;
  state.shutdown = kShutForReading | kShutForWriting;
  if (state.local.port == 0)
    return Unsupported(file,
                       "was to connect, which failed, and was not closed yet; try again when it is")
        .Passing();
  ASSIGN_OR_RETURN(const SockAddress local, ReadLocal(file.local_fd));
  RETURN_IF_ERROR(CollectListeners(local.ToEndpoint(), all, diag, state));
  return CollectQueue(file, context, state);
}

Status CollectConnecting(const FdFacts& file, InetDiag& diag, TcpState& state) {
  state.stage = Stage::kConnecting;
  ASSIGN_OR_RETURN(const auto sockets, diag.List(TcpStageBit(TcpStage::kSynSent),
                                                 static_cast<uint16_t>(state.local.port)));
  for (const TcpSocketInfo& info : sockets) {
    if (info.inode != static_cast<uint32_t>(file.stat.st_ino)) continue;
    if (info.send_queue > 1)
      return Unsupported(file,
                         "is sending data along with its opening of a connection (TCP Fast Open); "
                         "try again when it is connected")
          .Passing();
    state.remote = AsAddress(info.remote, state.family);
    return Ok();
  }
  return Unsupported(file, "is connecting this moment; try again").Passing();
}

Status CollectWaiting(const FdFacts& file, const TcpConnection& connection, TcpState& state) {
  const TcpSocketInfo& own = connection.own;
  if (own.send_queue != 0 || connection.other->receive_queue != 0 || own.shutdown != 0)
    return Unsupported(file,
                       "waits to be accepted and was written to or shut down: what was written "
                       "shows to nobody before that; "
                       "try again when it was accepted")
        .Passing();
  if (connection.listeners.size() > 1)
    return Unsupported(file,
                       "waits for one of several listeners (SO_REUSEPORT), and which shows to "
                       "nobody; try again when it was accepted")
        .Passing();
  state.stage = Stage::kWaiting;
  state.peer = TcpKey(connection.listeners[0]->stat.st_ino);
  return Ok();
}

TcpEnd OwnEnd(const FdFacts& file, const TcpConnection& connection) {
  return {connection.own.local, file.local_fd};
}

TcpEnd OtherEnd(const TcpConnection& connection) {
  return {connection.own.remote,
          connection.other_file == nullptr ? -1 : connection.other_file->local_fd};
}

// Until nothing is under way in either direction, after which nothing changes as long as all are
// frozen.
Result<TcpConnection> Settled(const FdFacts& file, std::span<const FdFacts> all, InetDiag& diag) {
  ASSIGN_OR_RETURN(TcpConnection connection, LookAtConnection(file, all, diag));
  if (connection.other_side != OtherSide::kSaved && connection.other_side != OtherSide::kHungUp)
    return connection;
  RETURN_IF_ERROR(AwaitArrival(OwnEnd(file, connection), OtherEnd(connection), diag));
  RETURN_IF_ERROR(AwaitArrival(OtherEnd(connection), OwnEnd(file, connection), diag));
  return LookAtConnection(file, all, diag);
}

Status CollectOtherSide(const FdFacts& file, std::span<const FdFacts> all,
                        const TcpConnection& connection, InetDiag& diag, TcpState& state) {
  switch (connection.other_side) {
    case OtherSide::kSaved:
      state.peer = TcpKey(connection.other->inode);
      break;
    case OtherSide::kHungUp:
      if (!state.got_end)
        return Unsupported(file,
                           "has lost its other side without notice; close it, or let the job "
                           "notice by writing to it");
      state.ending = Ending::kClosed;
      break;
    case OtherSide::kOutside:
      if (file.external == ExternalPolicy::kKeep)
        return Unsupported(file, "is being opened or closed this moment; try again").Passing();
      if (file.external != ExternalPolicy::kClose) return RefuseOutside(file, connection);
      state.ending = Ending::kReset;
      break;
    default:
      return Unsupported(file, "is being closed this moment; try again").Passing();
  }
  return CollectListeners(connection.own.local, all, diag, state);
}

Status CollectConnected(const FdFacts& file, std::span<const FdFacts> all,
                        const TcpConnection& connection, InetDiag& diag, CollectContext& context,
                        TcpState& state) {
  state.stage = Stage::kConnected;
  state.got_end = connection.own.stage == TcpStage::kCloseWait ||
                  connection.own.stage == TcpStage::kLastAck ||
                  connection.own.stage == TcpStage::kClosing;
  state.shutdown = connection.own.shutdown;
  RETURN_IF_ERROR(CollectOtherSide(file, all, connection, diag, state));
  const bool rests = connection.own.stage == TcpStage::kEstablished ||
                     connection.own.stage == TcpStage::kCloseWait ||
                     connection.own.stage == TcpStage::kFinWait2;
  if (!rests && state.ending != Ending::kReset)
    return Unsupported(file, "is being closed this moment; try again").Passing();
  return CollectQueue(file, context, state);
}

Status CollectByStage(const FdFacts& file, std::span<const FdFacts> all, InetDiag& diag,
                      CollectContext& context, TcpState& state) {
  for (int look = 0; look < kMostLooks; ++look) {
    if (HasPendingError(file.local_fd)) return PendingError(file);
    const TcpStage stage = StageOf(file.local_fd);
    if (stage == TcpStage::kListening) return CollectListener(file, all, diag, state);
    if (stage == TcpStage::kClosed) return CollectClosed(file, all, diag, context, state);
    if (stage == TcpStage::kSynSent) return CollectConnecting(file, diag, state);
    if (stage == TcpStage::kSynReceived) break;
    if (const HeldSocket* held = HeldOf(file); held != nullptr)
      return CollectKept(file, *held, diag, context, state);
    ASSIGN_OR_RETURN(const TcpConnection connection, Settled(file, all, diag));
    if (connection.other_side == OtherSide::kChanged) continue;
    ASSIGN_OR_RETURN(const SockAddress remote, ReadRemote(file.local_fd));
    state.remote = remote.ToInetAddress();
    if (connection.other_side == OtherSide::kWaiting)
      return CollectWaiting(file, connection, state);
    return CollectConnected(file, all, connection, diag, context, state);
  }
  return Unsupported(file, "is being opened or closed this moment; try again").Passing();
}

// The holder may be a member of the tree that got it since the descriptors were listed.
bool IsHeldByJob(const FdFacts& file, uint32_t inode) {
  const std::optional<pid_t> holder = FindSocketHolder(inode);
  return holder.has_value() &&
         (*holder == file.pid ||
          (file.job != nullptr && file.job->InnerProcess(*holder).has_value()));
}

Status CheckOutside(const FdFacts& file, std::span<const FdFacts> all, InetDiag& diag) {
  ASSIGN_OR_RETURN(const TcpConnection connection, LookAtConnection(file, all, diag));
  if (connection.other_side != OtherSide::kOutside || file.external == ExternalPolicy::kClose)
    return Ok();
  if (file.external == ExternalPolicy::kKeep) return CheckMayRepair();
  const bool is_held = connection.other.has_value() && connection.other->inode != 0;
  // Who is running may be about to accept it.
  if (!file.frozen && connection.other.has_value() &&
      (!is_held || IsHeldByJob(file, connection.other->inode)))
    return Ok();
  return RefuseOutside(file, connection);
}

}  // namespace

Status CheckTcp(const FdFacts& file, std::span<const FdFacts> all) {
  RETURN_IF_ERROR(CheckNetworkNamespace(file));
  RETURN_IF_ERROR(ReadInetOptions(file.local_fd, /*connected=*/true));
  if (file.frozen && HasPendingError(file.local_fd)) return PendingError(file);
  switch (StageOf(file.local_fd)) {
    case TcpStage::kClosed:
    case TcpStage::kSynSent:
    case TcpStage::kListening:
      return Ok();
    default:
      break;
  }
  if (file.frozen) RETURN_IF_ERROR(CheckNothingUrgent(file.local_fd), "fd ", file.fd);
  ASSIGN_OR_RETURN(InetDiag diag, InetDiag::Open());
  return CheckOutside(file, all, diag);
}

Result<TcpState> CollectTcp(const FdFacts& file, std::span<const FdFacts> all,
                            CollectContext& context) {
  ASSIGN_OR_RETURN(InetDiag diag, InetDiag::Open());
  TcpState state;
  state.key = TcpKey(file.stat.st_ino);
  state.family = SocketNumber(file.local_fd, SO_DOMAIN);
  ASSIGN_OR_RETURN(const SockAddress local, ReadLocal(file.local_fd));
  state.local = local.ToInetAddress();
  state.owner = {.uid = file.stat.st_uid, .gid = file.stat.st_gid};
  RETURN_IF_ERROR(CollectByStage(file, all, diag, context, state));
  const bool connected = state.stage != Stage::kIdle && state.stage != Stage::kListening;
  ASSIGN_OR_RETURN(state.inet, ReadInetOptions(file.local_fd, connected), "fd ", file.fd);
  ASSIGN_OR_RETURN(state.options, ReadSocketOptions(file.local_fd), "fd ", file.fd);
  // The other side knows of a window.
  if (!state.kept.has_value()) ForgetManagedSizes(state.options);
  return state;
}

}  // namespace tardigrade::inet_socket
