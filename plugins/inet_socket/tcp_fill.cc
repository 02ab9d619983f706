#include "plugins/inet_socket/tcp_fill.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <thread>
#include <utility>

#include "plugins/inet_socket/await_arrival.h"
#include "plugins/inet_socket/tcp_connect.h"
#include "plugins/inet_socket/tcp_connection.h"
#include "plugins/inet_socket/tcp_listener.h"
#include "plugins/inet_socket/tcp_queue.h"

namespace tardigrade::inet_socket {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kMostBytes = uint64_t{1} << 30;
constexpr auto kWithoutProgress = std::chrono::seconds(3);
constexpr auto kPause = std::chrono::microseconds(200);
constexpr uint64_t kSpareRoom = 256 << 10;  // Bytes.

Error DoesNotFit(const TcpState& state, size_t arrived) {
  return Error(
      ErrorCode::kSystem,
      StrCat("the connection at ", AddressText(state.local), " had ", state.queue.size,
             " bytes to be read or under way, of which ", arrived,
             " find room; raise the last number of net.ipv4.tcp_rmem, or restore as root"));
}

// Sends all, and waits until it has come: what was under way may be far more than fits into the
// buffers of a fresh connection.
Status SendThrough(const TcpState& state, int sender, int receiver,
                   std::span<const std::byte> bytes) {
  const ScopedRoom room(receiver, 2 * bytes.size() + kSpareRoom);
  RaiseSendBuffer(
      sender, static_cast<uint32_t>(std::min<uint64_t>(2 * bytes.size() + kSpareRoom, kMostBytes)));
  const int on = 1;
  (void)setsockopt(sender, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const size_t wanted = bytes.size();
  Clock::time_point last_progress = Clock::now();
  for (size_t before = 0, arrived = 0; arrived < wanted; before = arrived) {
    const ssize_t sent =
        bytes.empty() ? 0 : send(sender, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return Error::Errno("filling the queue of a connection");
    if (sent > 0) bytes = bytes.subspan(static_cast<size_t>(sent));
    AnnounceRoom(receiver);
    ASSIGN_OR_RETURN(arrived, UnreadBytes(receiver));
    if (arrived != before || sent > 0) last_progress = Clock::now();
    if (Clock::now() - last_progress > kWithoutProgress) return DoesNotFit(state, arrived);
    if (sent <= 0 && arrived == before) std::this_thread::sleep_for(kPause);
  }
  return Ok();
}

Status FillQueue(const TcpState& state, int local_fd, CreateContext& context) {
  if (state.queue.size == 0) return Ok();
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                   context.attachments().Get(state.queue, kMostBytes));
  if (ScopedFd stand_in = context.TakeAside(StandInKey(state.key)); stand_in.valid()) {
    const Status filled = SendThrough(state, stand_in.get(), local_fd, bytes);
    context.SetAside(StandInKey(state.key), std::move(stand_in));
    return filled;
  }
  ASSIGN_OR_RETURN(const int sender, context.Object(state.peer));
  return SendThrough(state, sender, local_fd, bytes);
}

// Both directions end, this one last, so that the other side's port is what is kept for a while.
Status EndBoth(int local_fd, int stand_in) {
  if (shutdown(stand_in, SHUT_WR) != 0) return Error::Errno("ending a connection");
  const Clock::time_point deadline = Clock::now() + kWithoutProgress;
  while (StageOf(local_fd) == TcpStage::kEstablished && Clock::now() < deadline)
    std::this_thread::sleep_for(kPause);
  if (shutdown(local_fd, SHUT_WR) != 0) return Error::Errno("ending a connection");
  while (StageOf(local_fd) != TcpStage::kClosed) {
    if (Clock::now() > deadline)
      return Error(ErrorCode::kSystem,
                   "a connection does not end on this very machine; does a firewall forbid it?");
    std::this_thread::sleep_for(kPause);
  }
  return Ok();
}

Status EndStandIn(const TcpState& state, int local_fd, CreateContext& context) {
  const ScopedFd stand_in = context.TakeAside(StandInKey(state.key));
  if (!stand_in.valid()) return Ok();
  if (state.stage == Stage::kEnded) return EndBoth(local_fd, stand_in.get());
  if (state.got_end && shutdown(stand_in.get(), SHUT_WR) != 0)
    return Error::Errno("ending a stream");
  if (state.ending != Ending::kReset) return Ok();
  // To close it then is to reset the connection (tcp_close(), net/ipv4/tcp.c).
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (setsockopt(stand_in.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) != 0)
    return Error::Errno("SO_LINGER");
  return Ok();
}

Status StartConnecting(const TcpState& state, int local_fd) {
  ASSIGN_OR_RETURN(const SockAddress to, SockAddress::From(state.remote, state.family));
  if (connect(local_fd, to.data(), to.size()) == 0 || errno == EINPROGRESS) return Ok();
  return Error::Errno("connecting to ", AddressText(state.remote), " again");
}

}  // namespace

Status FillTcp(const TcpState& state, int local_fd, CreateContext& context) {
  if (state.kept.has_value()) return Ok();
  if (state.stage == Stage::kListening) return ConnectWaiting(state, local_fd, context);
  return FillQueue(state, local_fd, context);
}

Status SettleTcp(const TcpState& state, int local_fd, CreateContext& context) {
  RETURN_IF_ERROR(EndStandIn(state, local_fd, context));
  if (state.stage == Stage::kConnecting) RETURN_IF_ERROR(StartConnecting(state, local_fd));
  // A reset may have come first.
  if (state.stage == Stage::kConnected && state.shutdown != 0 && !state.kept.has_value() &&
      shutdown(local_fd, static_cast<int>(state.shutdown) - 1) != 0 && errno != ENOTCONN)
    return Error::Errno("shutting a connection down");
  SetOwner(local_fd, state.owner, context);
  // IP_TOS chooses an SO_PRIORITY (net/ipv4/ip_sockglue.c): that comes after.
  RETURN_IF_ERROR(ApplyAfterBind(local_fd, state.inet));
  RETURN_IF_ERROR(ApplySocketOptions(local_fd, state.options));
  // What is left to be done the other side would notice.
  if (state.kept.has_value()) context.HoldBack(local_fd);
  return Ok();
}

}  // namespace tardigrade::inet_socket
