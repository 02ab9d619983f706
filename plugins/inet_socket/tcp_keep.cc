#include "plugins/inet_socket/tcp_keep.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "plugins/inet_socket/tcp_connection.h"
#include "plugins/inet_socket/tcp_queue.h"

namespace tardigrade::inet_socket {
namespace {

bool IsConnected(TcpStage stage) {
  return stage == TcpStage::kEstablished || stage == TcpStage::kCloseWait ||
         stage == TcpStage::kFinWait1 || stage == TcpStage::kFinWait2 ||
         stage == TcpStage::kClosing || stage == TcpStage::kLastAck;
}

bool HasGotEnd(TcpStage stage) {
  return stage == TcpStage::kCloseWait || stage == TcpStage::kClosing ||
         stage == TcpStage::kLastAck;
}

// The end of the stream was given to the kernel, and it was not acknowledged.
bool IsEndUnderWay(TcpStage stage) {
  return stage == TcpStage::kFinWait1 || stage == TcpStage::kClosing || stage == TcpStage::kLastAck;
}

Error Changed(const FdFacts& file) {
  return Error(ErrorCode::kUnsupported, StrCat("the TCP socket fd ", file.fd,
                                               " is being opened or closed this moment; try again"))
      .Passing();
}

Result<std::optional<HeldSocket>> LookAt(const FdFacts& file, std::span<const FdFacts> all,
                                         InetDiag& diag) {
  if (file.external != ExternalPolicy::kKeep || !IsConnected(StageOf(file.local_fd)))
    return std::optional<HeldSocket>();
  ASSIGN_OR_RETURN(const TcpConnection connection, LookAtConnection(file, all, diag));
  if (connection.other_side != OtherSide::kOutside) return std::optional<HeldSocket>();
  HeldSocket held;
  held.inode = file.stat.st_ino;
  held.fd.Reset(fcntl(file.local_fd, F_DUPFD_CLOEXEC, 0));
  if (!held.fd.valid()) return Error::Errno("duplicating fd ", file.fd);
  held.reuse_address = SocketNumber(file.local_fd, SO_REUSEADDR);
  held.flow = {.local = connection.own.local, .remote = connection.own.remote};
  return std::optional(std::move(held));
}

// What was agreed upon when the connection was made: tcp_get_info(), net/ipv4/tcp.c.
Status ReadAgreement(int fd, TcpKeptState& kept) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return Error::Errno("TCP_INFO");
  kept.has_sack = (info.tcpi_options & TCPI_OPT_SACK) != 0;
  kept.has_timestamps = (info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0;
  kept.has_scale = (info.tcpi_options & TCPI_OPT_WSCALE) != 0;
  if (!kept.has_scale) return Ok();
  kept.send_scale = info.tcpi_snd_wscale;
  kept.receive_scale = info.tcpi_rcv_wscale;
  return Ok();
}

// The send queue: what was sent, and what was not.
Status CollectSendQueue(const HeldSocket& held, CollectContext& context, TcpKeptState& kept) {
  const TcpReading& reading = held.reading;
  const auto stage = static_cast<TcpStage>(reading.progress.stage);
  const uint32_t end = IsEndUnderWay(stage) ? 1 : 0;
  const uint32_t acknowledged_end = stage == TcpStage::kFinWait2 ? 1 : 0;
  const uint64_t bytes = reading.unacknowledged - std::min(end, reading.unacknowledged);
  const uint64_t later = reading.not_sent - std::min(end, reading.not_sent);
  if (reading.queued < bytes || later > bytes)
    return Error(ErrorCode::kInternal, StrCat("a send queue of ", bytes, " bytes, ", later,
                                              " of them not sent, shows ", reading.queued));
  const std::span<const std::byte> queue = held.queue.last(bytes);
  ASSIGN_OR_RETURN(kept.sent, context.attachments().Put(queue.first(bytes - later)));
  ASSIGN_OR_RETURN(kept.not_sent, context.attachments().Put(queue.last(later)));
  kept.send_seq = reading.send_seq - reading.unacknowledged - acknowledged_end;
  return Ok();
}

}  // namespace

Result<std::unique_ptr<Suspension>> SuspendTcp(std::span<const FdFacts* const> files,
                                               std::span<const FdFacts> all, uint32_t hold_s) {
  ASSIGN_OR_RETURN(InetDiag diag, InetDiag::Open());
  std::vector<HeldSocket> sockets;
  pid_t job = -1;
  for (const FdFacts* file : files) {
    ASSIGN_OR_RETURN(std::optional<HeldSocket> held, LookAt(*file, all, diag));
    if (!held.has_value()) continue;
    sockets.push_back(std::move(*held));
    if (file->pid > 0) job = file->pid;
  }
  if (sockets.empty()) return std::unique_ptr<Suspension>();
  ASSIGN_OR_RETURN(std::unique_ptr<TcpHold> hold, TcpHold::Start(std::move(sockets), job, hold_s));
  return std::unique_ptr<Suspension>(std::move(hold));
}

const HeldSocket* HeldOf(const FdFacts& file) {
  const auto* hold = static_cast<const TcpHold*>(file.suspension);
  return hold == nullptr ? nullptr : hold->Find(file.stat.st_ino);
}

Status CollectKept(const FdFacts& file, const HeldSocket& held, InetDiag& diag,
                   CollectContext& context, TcpState& state) {
  const TcpReading& reading = held.reading;
  const auto interface =
      static_cast<uint32_t>(std::max(0, SocketNumber(file.local_fd, SO_BINDTOIFINDEX)));
  ASSIGN_OR_RETURN(const std::optional<TcpSocketInfo> own,
                   diag.Find(held.flow.local, held.flow.remote, interface));
  if (!own.has_value()) return Changed(file);
  ASSIGN_OR_RETURN(const SockAddress remote, ReadRemote(file.local_fd));
  state.remote = remote.ToInetAddress();
  state.stage = Stage::kConnected;
  state.ending = Ending::kKept;
  state.got_end = HasGotEnd(static_cast<TcpStage>(reading.progress.stage));
  state.shutdown = own->shutdown;
  ASSIGN_OR_RETURN(const std::vector<std::byte> unread, PeekStream(file.local_fd),
                   "the queue of fd ", file.fd);
  ASSIGN_OR_RETURN(state.queue, context.attachments().Put(unread));

  TcpKeptState& kept = state.kept.emplace();
  kept.hold = static_cast<const TcpHold*>(file.suspension)->name();
  RETURN_IF_ERROR(ReadAgreement(file.local_fd, kept));
  RETURN_IF_ERROR(CollectSendQueue(held, context, kept), "fd ", file.fd);
  kept.receive_seq =
      reading.receive_seq - static_cast<uint32_t>(unread.size()) - (state.got_end ? 1 : 0);
  kept.mss = reading.mss;
  kept.timestamp = reading.timestamp;
  kept.send_window_seq = reading.window.snd_wl1;
  kept.send_window = reading.window.snd_wnd;
  kept.largest_window = reading.window.max_window;
  kept.receive_window = reading.window.rcv_wnd;
  kept.receive_window_seq = reading.window.rcv_wup;
  return reading.progress == ProgressOf(file.local_fd) ? Ok() : Changed(file);
}

}  // namespace tardigrade::inet_socket
