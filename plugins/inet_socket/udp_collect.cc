#include "plugins/inet_socket/udp_collect.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "plugins/inet_socket/udp_queue.h"
#include "supervisor/kernel/inet_diag.h"
#include "supervisor/resource/socket_holder.h"

namespace tardigrade::inet_socket {
namespace {

// What is corked, or lies in a device's queue.
Status CheckNothingUnsent(const FdFacts& file) {
  int count = 0;
  if (ioctl(file.local_fd, SIOCOUTQ, &count) != 0 || count == 0) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the UDP socket fd ", file.fd,
                      " has data that were not sent yet (UDP_CORK, MSG_MORE), "
                      "which show to nobody; try again when they are sent"))
      .Passing();
}

uint8_t ProtocolOf(const UdpState& state) {
  return static_cast<uint8_t>(state.protocol.value_or(IPPROTO_UDP));
}

bool HasAddress(const InetEndpoint& socket, const InetEndpoint& end) {
  return socket.port == end.port && (socket.address == end.address || socket.IsAny());
}

// Whether this machine has the address: one that it has can be bound to.
bool IsHere(const SockAddress& from, int family) {
  const Result<SockAddress> address = WithoutPort(from.ToInetAddress(), family);
  const Result<ScopedFd> fd = NewSocket(family, SOCK_DGRAM);
  return address.has_value() && fd.has_value() &&
         bind(fd.value().get(), address.value().data(), address.value().size()) == 0;
}

// Where a datagram came from, and whether that can be had again.
struct Source {
  std::string key;      // Of the job's socket.
  bool is_ours = true;  // The job's, or nobody's any more.
  std::string text;     // Who it is otherwise.
};

Result<Source> FindSource(const SockAddress& from, const UdpState& state,
                          std::span<const FdFacts> all, InetDiag& diag) {
  Source source;
  const InetEndpoint end = from.ToEndpoint();
  ASSIGN_OR_RETURN(const std::vector<TcpSocketInfo> sockets,
                   diag.ListUdp(end.port, ProtocolOf(state)));
  for (const TcpSocketInfo& info : sockets) {
    if (!HasAddress(info.local, end)) continue;
    if (FindSocket(all, info.inode) != nullptr)
      return Source{.key = UdpKey(info.inode), .is_ours = true, .text = ""};
    source.is_ours = false;
    source.text = DescribeSocketHolder(info.inode);
  }
  if (IsHere(from, state.family)) return source;
  return Source{.key = "", .is_ours = false, .text = "another machine"};
}

Status CollectQueue(const FdFacts& file, std::span<const FdFacts> all, InetDiag& diag,
                    CollectContext& context, UdpState& state) {
  ASSIGN_OR_RETURN(const std::vector<PeekedDatagram> queue, PeekDatagrams(file.local_fd),
                   "the queue of fd ", file.fd);
  std::vector<std::byte> bytes;
  size_t dropped = 0;
  for (const PeekedDatagram& peeked : queue) {
    ASSIGN_OR_RETURN(const Source source, FindSource(peeked.from, state, all, diag));
    if (!source.is_ours && file.external != ExternalPolicy::kClose)
      return Error(ErrorCode::kUnsupported,
                   StrCat("the UDP socket fd ", file.fd, " has an unread datagram from ",
                          EndpointText(peeked.from.ToEndpoint()), " (", source.text,
                          "), which cannot be put back as it was; try again when it has been read, "
                          "or drop it with --external close"))
          .Passing();
    if (!source.is_ours) {
      ++dropped;
      continue;
    }
    state.datagrams.push_back({.size = peeked.bytes.size(),
                               .from = peeked.from.ToInetAddress(),
                               .to = peeked.to,
                               .sender = source.key});
    bytes.insert(bytes.end(), peeked.bytes.begin(), peeked.bytes.end());
  }
  if (dropped != 0)
    context.Warn(StrCat(dropped, " unread datagrams of fd ", file.fd,
                        " came from outside, and are not saved (--external close)"));
  ASSIGN_OR_RETURN(state.data, context.attachments().Put(bytes));
  return Ok();
}

}  // namespace

Status CheckUdp(const FdFacts& file) {
  RETURN_IF_ERROR(CheckNetworkNamespace(file));
  RETURN_IF_ERROR(ReadInetOptions(file.local_fd, /*connected=*/true));
  if (file.frozen) RETURN_IF_ERROR(CheckNothingUnsent(file));
  return Ok();
}

Result<UdpState> CollectUdp(const FdFacts& file, std::span<const FdFacts> all,
                            CollectContext& context) {
  ASSIGN_OR_RETURN(InetDiag diag, InetDiag::Open());
  UdpState state;
  state.key = UdpKey(file.stat.st_ino);
  state.family = SocketNumber(file.local_fd, SO_DOMAIN);
  if (SocketNumber(file.local_fd, SO_PROTOCOL) == IPPROTO_UDPLITE) state.protocol = IPPROTO_UDPLITE;
  ASSIGN_OR_RETURN(const SockAddress local, ReadLocal(file.local_fd));
  state.local = local.ToInetAddress();
  ASSIGN_OR_RETURN(const SockAddress remote, ReadRemote(file.local_fd));
  if (remote.size() != 0) state.remote = remote.ToInetAddress();
  state.owner = {.uid = file.stat.st_uid, .gid = file.stat.st_gid};
  if (state.local.port != 0) {
    ASSIGN_OR_RETURN(const std::vector<TcpSocketInfo> sockets,
                     diag.ListUdp(static_cast<uint16_t>(state.local.port), ProtocolOf(state)));
    for (const TcpSocketInfo& info : sockets)
      if (info.inode == static_cast<uint32_t>(file.stat.st_ino)) state.shutdown = info.shutdown;
  }
  ASSIGN_OR_RETURN(state.memberships, ReadMemberships(file.local_fd, state.family));
  RETURN_IF_ERROR(CollectQueue(file, all, diag, context, state));
  ASSIGN_OR_RETURN(state.inet, ReadInetOptions(file.local_fd, /*connected=*/true), "fd ", file.fd);
  ASSIGN_OR_RETURN(state.options, ReadSocketOptions(file.local_fd), "fd ", file.fd);
  return state;
}

}  // namespace tardigrade::inet_socket
