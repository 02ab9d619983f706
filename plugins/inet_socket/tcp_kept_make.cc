#include "plugins/inet_socket/tcp_kept_make.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <thread>

#include "plugins/inet_socket/inject_fin.h"
#include "plugins/inet_socket/tcp_connection.h"
#include "plugins/inet_socket/tcp_hold.h"
#include "plugins/inet_socket/tcp_repair.h"

namespace tardigrade::inet_socket {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;
constexpr uint64_t kSpareRoom = 256 << 10;
constexpr uint16_t kLargestWindow = 65535;

// What struct tcp_repair_opt carries: RFC 9293, 3.2, and RFC 7323.
constexpr uint32_t kOptionMss = 2, kOptionWindow = 3, kOptionSack = 4, kOptionTimestamp = 8;

Status Set(int fd, int option, uint32_t value, const char* what) {
  if (setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)) == 0) return Ok();
  return Error::Errno(what);
}

Status Choose(int fd, int queue) {
  if (ChooseQueue(fd, queue) == 0) return Ok();
  return Error::Errno("TCP_REPAIR_QUEUE");
}

Status SetSequence(int fd, int queue, uint32_t seq) {
  RETURN_IF_ERROR(Choose(fd, queue));
  return Set(fd, TCP_QUEUE_SEQ, seq, "TCP_QUEUE_SEQ");
}

// Before the connection: its window follows from them.
void MakeRoom(int fd, const TcpState& state) {
  const auto force = [fd](int option, uint64_t bytes) {
    const int half = static_cast<int>(std::min(bytes, kMostBytes) / 2);
    (void)setsockopt(fd, SOL_SOCKET, option, &half, sizeof(half));
  };
  force(SO_RCVBUFFORCE,
        std::max<uint64_t>(state.options.receive_buffer, 4 * state.queue.size + kSpareRoom));
  force(SO_SNDBUFFORCE,
        std::max<uint64_t>(state.options.send_buffer, 4 * state.kept->sent.size + kSpareRoom));
}

Error KeptBindError(int error, const TcpState& state) {
  const Error plain = BindError(error, AddressText(state.local));
  if (error != EADDRNOTAVAIL) return plain;
  return Error::Syscall(
      ErrorCode::kUnsupported, error,
      StrCat("this machine does not have the address ", AddressText(state.local),
             ", at which the connection to ", AddressText(state.remote),
             " goes on; give it that (ip address add): no connection to others can move to "
             "another address"));
}

Status Bind(int fd, const TcpState& state) {
  ASSIGN_OR_RETURN(const SockAddress local, SockAddress::From(state.local, state.family));
  if (bind(fd, local.data(), local.size()) != 0) return KeptBindError(errno, state);
  return Ok();
}

// In repair that takes no packet: tcp_connect(), net/ipv4/tcp_output.c.
Status Connect(int fd, const TcpState& state) {
  ASSIGN_OR_RETURN(const SockAddress remote, SockAddress::From(state.remote, state.family));
  if (connect(fd, remote.data(), remote.size()) == 0) return Ok();
  if (errno == EADDRNOTAVAIL)
    return Error::Syscall(
        ErrorCode::kUnsupported, errno,
        StrCat("there is a connection from ", AddressText(state.local), " to ",
               AddressText(state.remote),
               " already: that of the job the image was made of, or of another copy"));
  return Error::Errno("connecting to ", AddressText(state.remote), " again");
}

Status SetAgreement(int fd, const TcpKeptState& kept) {
  std::vector<tcp_repair_opt> options;
  options.push_back({kOptionMss, kept.mss});
  if (kept.has_scale)
    options.push_back({kOptionWindow, kept.send_scale | kept.receive_scale << 16});
  if (kept.has_sack) options.push_back({kOptionSack, 0});
  if (kept.has_timestamps) options.push_back({kOptionTimestamp, 0});
  const auto size = static_cast<socklen_t>(options.size() * sizeof(tcp_repair_opt));
  if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, options.data(), size) != 0)
    return Error::Errno("TCP_REPAIR_OPTIONS");
  return Set(fd, TCP_TIMESTAMP, kept.timestamp, "TCP_TIMESTAMP");
}

// Of the receive queue the kernel takes what one buffer holds at a time: tcp_send_rcvq(),
// net/ipv4/tcp_input.c.
Status Put(int fd, int queue, const Attachment& what, CreateContext& context) {
  if (what.size == 0) return Ok();
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, context.attachments().Get(what, kMostBytes));
  RETURN_IF_ERROR(Choose(fd, queue));
  for (std::span<const std::byte> rest = bytes; !rest.empty();) {
    const ssize_t sent = send(fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
      return Error::Errno("putting ", rest.size(), " bytes into the queue of a connection");
    rest = rest.subspan(static_cast<size_t>(sent));
  }
  return Ok();
}

Status ReceiveEnd(int fd, const TcpState& state) {
  constexpr auto kPatience = std::chrono::seconds(3);
  constexpr auto kPause = std::chrono::microseconds(50);
  const TcpKeptState& kept = *state.kept;
  FinPacket fin;
  ASSIGN_OR_RETURN(fin.flow, FlowOf(state));
  fin.seq = kept.receive_seq + static_cast<uint32_t>(state.queue.size);
  fin.acknowledged = kept.send_seq;
  fin.window = static_cast<uint16_t>(
      std::min<uint32_t>(kept.send_window >> kept.send_scale, kLargestWindow));
  RETURN_IF_ERROR(InjectFin(fin, state.inet.device));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (StageOf(fd) == TcpStage::kEstablished) {
    if (std::chrono::steady_clock::now() > deadline)
      return Error(
          ErrorCode::kSystem,
          StrCat("the end of the stream from ", AddressText(state.remote),
                 " does not arrive on this very machine: is the loopback device up, does a "
                 "firewall forbid it?"));
    std::this_thread::sleep_for(kPause);
  }
  return Ok();
}

Status SetWindow(int fd, const TcpKeptState& kept) {
  const tcp_repair_window window{.snd_wl1 = kept.send_window_seq,
                                 .snd_wnd = kept.send_window,
                                 .max_window = kept.largest_window,
                                 .rcv_wnd = kept.receive_window,
                                 .rcv_wup = kept.receive_window_seq};
  if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &window, sizeof(window)) != 0)
    return Error::Errno("TCP_REPAIR_WINDOW");
  return Ok();
}

}  // namespace

Status CheckKept(const TcpKeptState& kept) {
  const std::string_view prefix = kTablePrefix;
  const bool is_named =
      kept.hold.size() == prefix.size() + 16 && kept.hold.starts_with(prefix) &&
      kept.hold.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
  if (!is_named) return Error(ErrorCode::kBadImage, "tcp_socket.kept.hold is no name of a table");
  if (kept.largest_window < kept.send_window)
    return Error(ErrorCode::kBadImage, "tcp_socket.kept.largest_window is less than send_window");
  return Ok();
}

Result<TcpFlow> FlowOf(const TcpState& state) {
  ASSIGN_OR_RETURN(const SockAddress local, SockAddress::From(state.local, state.family));
  ASSIGN_OR_RETURN(const SockAddress remote, SockAddress::From(state.remote, state.family));
  return TcpFlow{.local = local.ToEndpoint(), .remote = remote.ToEndpoint()};
}

Result<ScopedFd> MakeKept(const TcpState& state, CreateContext& context) {
  const TcpKeptState& kept = *state.kept;
  ASSIGN_OR_RETURN(ScopedFd fd, NewSocket(state.family, SOCK_STREAM));
  RETURN_IF_ERROR(ApplyBeforeBind(fd.get(), state.inet));
  if (StartRepair(fd.get()) != 0) return Error::Errno("TCP_REPAIR");
  RETURN_IF_ERROR(Bind(fd.get(), state));
  RETURN_IF_ERROR(SetSequence(fd.get(), TCP_SEND_QUEUE, kept.send_seq));
  RETURN_IF_ERROR(SetSequence(fd.get(), TCP_RECV_QUEUE, kept.receive_seq));
  MakeRoom(fd.get(), state);
  RETURN_IF_ERROR(Connect(fd.get(), state));
  RETURN_IF_ERROR(SetAgreement(fd.get(), kept));
  RETURN_IF_ERROR(Put(fd.get(), TCP_RECV_QUEUE, state.queue, context));
  RETURN_IF_ERROR(Put(fd.get(), TCP_SEND_QUEUE, kept.sent, context));
  if (state.got_end) RETURN_IF_ERROR(ReceiveEnd(fd.get(), state));
  RETURN_IF_ERROR(SetWindow(fd.get(), kept));
  RETURN_IF_ERROR(Choose(fd.get(), TCP_NO_QUEUE));
  return fd;
}

}  // namespace tardigrade::inet_socket
