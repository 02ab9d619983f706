#include "plugins/inet_socket/tcp_connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/inet_file.h"
#include "supervisor/resource/socket_holder.h"

namespace tardigrade::inet_socket {
namespace {

tcp_info ReadTcpInfo(int fd) {
  tcp_info info = {};
  info.tcpi_state = static_cast<uint8_t>(TcpStage::kClosed);
  socklen_t size = sizeof(info);
  (void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
  return info;
}

bool IsV6Only(int fd) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &size) == 0 && value != 0;
}

bool ListensAt(const InetEndpoint& listener, int fd, const InetEndpoint& end) {
  if (listener.port != end.port) return false;
  if (listener == end) return true;
  if (!listener.IsAny()) return false;
  return listener.is_v6 == end.is_v6 || (listener.is_v6 && !IsV6Only(fd));
}

// Whose end it is that the kernel does not know (any more): one of this machine's, as far as can be
// told.
bool IsHere(const TcpSocketInfo& own) {
  return own.remote.IsLoopback() ||
         (own.remote.is_v6 == own.local.is_v6 && own.remote.address == own.local.address);
}

// Before a connection is accepted, and after it was closed, no process has it.
bool AwaitsAccept(const TcpSocketInfo& info) {
  return info.stage == TcpStage::kEstablished || info.stage == TcpStage::kCloseWait ||
         info.stage == TcpStage::kSynReceived;
}

}  // namespace

TcpStage StageOf(int local_fd) { return static_cast<TcpStage>(ReadTcpInfo(local_fd).tcpi_state); }

// tcp_get_info(), net/ipv4/tcp.c.
uint32_t WaitingCount(int local_fd) { return ReadTcpInfo(local_fd).tcpi_unacked; }

Result<std::vector<const FdFacts*>> FindListeners(const InetEndpoint& end,
                                                  std::span<const FdFacts> all, InetDiag& diag) {
  ASSIGN_OR_RETURN(const std::vector<TcpSocketInfo> there,
                   diag.List(TcpStageBit(TcpStage::kListening), end.port));
  std::vector<const FdFacts*> exact, general;
  for (const TcpSocketInfo& info : there) {
    const FdFacts* file = FindSocket(all, info.inode);
    if (file == nullptr || !ListensAt(info.local, file->local_fd, end)) continue;
    (info.local == end ? exact : general).push_back(file);
  }
  return exact.empty() ? general : exact;
}

Result<TcpConnection> LookAtConnection(const FdFacts& file, std::span<const FdFacts> all,
                                       InetDiag& diag) {
  TcpConnection connection;
  ASSIGN_OR_RETURN(const SockAddress local, ReadLocal(file.local_fd));
  ASSIGN_OR_RETURN(const SockAddress remote, ReadRemote(file.local_fd));
  if (remote.size() == 0) return connection;
  const InetEndpoint here = local.ToEndpoint(), there = remote.ToEndpoint();
  if (here == there)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the TCP socket fd ", file.fd, " is connected to itself (",
                        EndpointText(here), "), which cannot be saved; close it first"));
  const auto interface =
      static_cast<uint32_t>(std::max(0, SocketNumber(file.local_fd, SO_BINDTOIFINDEX)));
  ASSIGN_OR_RETURN(const std::optional<TcpSocketInfo> own, diag.Find(here, there, interface));
  if (!own.has_value() || own->inode != static_cast<uint32_t>(file.stat.st_ino)) return connection;
  connection.own = *own;
  ASSIGN_OR_RETURN(connection.other, diag.Find(there, here, interface));
  if (!connection.other.has_value()) {
    connection.other_side = IsHere(*own) ? OtherSide::kHungUp : OtherSide::kOutside;
    return connection;
  }
  connection.other_file = FindSocket(all, connection.other->inode);
  if (connection.other_file != nullptr) {
    connection.other_side = OtherSide::kSaved;
  } else if (connection.other->inode != 0) {
    connection.other_side = OtherSide::kOutside;
  } else if (AwaitsAccept(*connection.other)) {
    ASSIGN_OR_RETURN(connection.listeners, FindListeners(there, all, diag));
    connection.other_side =
        connection.listeners.empty() ? OtherSide::kOutside : OtherSide::kWaiting;
  } else {
    connection.other_side = OtherSide::kHungUp;
  }
  return connection;
}

Error RefuseOutside(const FdFacts& file, const TcpConnection& connection) {
  const bool is_held = connection.other.has_value() && connection.other->inode != 0;
  return Error(
      ErrorCode::kUnsupported,
      StrCat("the TCP socket fd ", file.fd, " (", EndpointText(connection.own.local),
             ") is connected to ", EndpointText(connection.own.remote), is_held ? ", " : "",
             is_held ? DescribeSocketHolder(connection.other->inode) : "",
             ", which is not saved; snapshot with --tree if it is a descendant, or let the job "
             "find the "
             "connection reset with --external close"));
}

}  // namespace tardigrade::inet_socket
