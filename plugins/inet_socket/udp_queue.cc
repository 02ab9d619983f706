#include "plugins/inet_socket/udp_queue.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "plugins/inet_socket/inet_file.h"
#include "supervisor/resource/peek_offset.h"

namespace tardigrade::inet_socket {
namespace {

constexpr size_t kLargest = 128 << 10;  // Bytes: several that UDP_GRO has put together as well.
constexpr int kUdpGro = 104;            // UDP_GRO, include/uapi/linux/udp.h.

struct Look {
  std::vector<std::byte> bytes;
  SockAddress from;
  InetAddress to;
  size_t piece = 0;  // How large the datagrams are that were put together; 0: it is one.
};

template <typename T>
T Content(const cmsghdr& header) {
  T value = {};
  std::memcpy(&value, CMSG_DATA(&header),
              std::min(sizeof(T), static_cast<size_t>(header.cmsg_len - CMSG_LEN(0))));
  return value;
}

InetAddress AddressOf(int family, const void* address, size_t size) {
  InetEndpoint end;
  end.is_v6 = family == AF_INET6;
  std::memcpy(end.address.data(), address, size);
  return AsAddress(end, family);
}

void TakeControl(msghdr& header, Look& look) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      const auto info = Content<in_pktinfo>(*c);
      look.to = AddressOf(AF_INET, &info.ipi_addr, sizeof(info.ipi_addr));
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      const auto info = Content<in6_pktinfo>(*c);
      look.to = AddressOf(AF_INET6, &info.ipi6_addr, sizeof(info.ipi6_addr));
    } else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == kUdpGro) {
      look.piece = static_cast<size_t>(std::max(0, Content<int>(*c)));
    }
  }
}

// nullopt where the queue ends.
Result<std::optional<Look>> LookOnce(int fd, std::span<std::byte> buffer) {
  Look look;
  alignas(cmsghdr) char control[1024];
  iovec piece{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr header = {};
  header.msg_name = look.from.data();
  header.msg_namelen = *look.from.room();
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  const ssize_t got = recvmsg(fd, &header, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return std::optional<Look>();
  if (got < 0) return Error::Errno("looking into a socket's queue");
  if ((header.msg_flags & MSG_TRUNC) != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("a datagram of more than ", buffer.size(), " bytes is unread"));
  look.from.set_size(header.msg_namelen);
  look.bytes.assign(buffer.begin(), buffer.begin() + got);
  TakeControl(header, look);
  return std::optional(std::move(look));
}

void Add(const Look& look, std::vector<PeekedDatagram>& queue) {
  const size_t piece = look.piece == 0 ? look.bytes.size() : look.piece;
  std::span<const std::byte> rest(look.bytes);
  do {
    const auto part = rest.first(std::min(piece, rest.size()));
    queue.push_back({.bytes = {part.begin(), part.end()}, .from = look.from, .to = look.to});
    rest = rest.subspan(part.size());
  } while (!rest.empty());
}

}  // namespace

// A datagram without bytes is passed over by SO_PEEK_OFF once it has been looked at
// (__skb_try_recv_from_queue(), net/core/datagram.c): the first of the queue is therefore looked at
// without it.
Result<std::vector<PeekedDatagram>> PeekDatagrams(int local_fd) {
  std::vector<PeekedDatagram> queue;
  if (HasPendingError(local_fd))
    return Error(ErrorCode::kUnsupported,
                 "the socket has an error pending (what it sent was not taken), which shows only "
                 "to who takes it off; "
                 "try again when it has been read")
        .Passing();
  if ((PollNow(local_fd, POLLIN) & POLLIN) == 0) return queue;
  std::vector<std::byte> buffer(kLargest);
  ASSIGN_OR_RETURN(const std::unique_ptr<ScopedPeekOffset> at, ScopedPeekOffset::Start(local_fd));
  RETURN_IF_ERROR(at->MoveTo(uint64_t{0} - 1));
  ASSIGN_OR_RETURN(const std::optional<Look> head, LookOnce(local_fd, buffer));
  if (head.has_value() && head->bytes.empty()) Add(*head, queue);
  RETURN_IF_ERROR(at->MoveTo(0));
  for (;;) {
    ASSIGN_OR_RETURN(const std::optional<Look> look, LookOnce(local_fd, buffer));
    if (!look.has_value()) return queue;
    Add(*look, queue);
  }
}

}  // namespace tardigrade::inet_socket
