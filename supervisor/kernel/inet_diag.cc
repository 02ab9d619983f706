#include "supervisor/kernel/inet_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "supervisor/kernel/sock_diag.h"

namespace tardigrade {
namespace {

using sock_diag::Bytes, sock_diag::Malformed, sock_diag::Take;

constexpr std::string_view kOf = "TCP sockets";

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 request;
};

InetEndpoint EndpointOf(uint8_t family, const uint32_t (&words)[4], uint16_t port) {
  InetEndpoint end;
  end.port = ntohs(port);
  std::memcpy(end.address.data(), words, 16);
  end.is_v6 = family == AF_INET6 &&
              !std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), end.address.begin());
  if (end.is_v6) return end;
  if (family == AF_INET6)
    std::copy(end.address.begin() + 12, end.address.end(), end.address.begin());
  std::fill(end.address.begin() + 4, end.address.end(), uint8_t{0});
  return end;
}

// An older kernel's struct is shorter: what it lacks stays 0.
void SetTcpInfo(std::span<const std::byte> bytes, TcpSocketInfo& info) {
  tcp_info tcp = {};
  std::memcpy(&tcp, bytes.data(), std::min(bytes.size(), sizeof(tcp)));
  info.bytes_sent = tcp.tcpi_bytes_sent;
  info.bytes_sent_again = tcp.tcpi_bytes_retrans;
  info.bytes_received = tcp.tcpi_bytes_received;
  info.bytes_acknowledged = tcp.tcpi_bytes_acked;
  info.bytes_not_sent = tcp.tcpi_notsent_bytes;
  info.last_ack_received_ms = tcp.tcpi_last_ack_recv;
}

Result<TcpSocketInfo> ParseSocket(std::span<const std::byte> bytes) {
  const auto fixed = Take<inet_diag_msg>(bytes);
  if (!fixed.has_value() || (fixed->idiag_family != AF_INET && fixed->idiag_family != AF_INET6))
    return Malformed(kOf);
  TcpSocketInfo info;
  info.local = EndpointOf(fixed->idiag_family, fixed->id.idiag_src, fixed->id.idiag_sport);
  info.remote = EndpointOf(fixed->idiag_family, fixed->id.idiag_dst, fixed->id.idiag_dport);
  info.inode = fixed->idiag_inode;
  info.stage = static_cast<TcpStage>(fixed->idiag_state);
  info.interface = fixed->id.idiag_if;
  info.receive_queue = fixed->idiag_rqueue;
  info.send_queue = fixed->idiag_wqueue;
  RETURN_IF_ERROR(sock_diag::ForEachAttribute(
      bytes, sizeof(inet_diag_msg), kOf, [&info](uint16_t type, Bytes content) {
        if (type == INET_DIAG_INFO) SetTcpInfo(content, info);
        if (type == INET_DIAG_SHUTDOWN) info.shutdown = Take<uint8_t>(content).value_or(0);
        return true;
      }));
  return info;
}

Question MakeQuestion(uint8_t family, uint16_t flags) {
  Question question = {};
  question.header.nlmsg_len = sizeof(question);
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  question.request.sdiag_family = family;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_ext = (1 << (INET_DIAG_INFO - 1)) | (1 << (INET_DIAG_SHUTDOWN - 1));
  question.request.id.idiag_cookie[0] = question.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return question;
}

}  // namespace

bool InetEndpoint::IsLoopback() const {
  if (!is_v6) return address[0] == 127;
  return address[15] == 1 &&
         std::all_of(address.begin(), address.end() - 1, [](uint8_t byte) { return byte == 0; });
}

bool InetEndpoint::IsAny() const {
  return std::all_of(address.begin(), address.end(), [](uint8_t byte) { return byte == 0; });
}

Result<bool> ParseInetDiag(std::span<const std::byte> datagram,
                           std::vector<TcpSocketInfo>& sockets) {
  return sock_diag::ParseDatagram(datagram, kOf, [&sockets](Bytes payload) -> Status {
    ASSIGN_OR_RETURN(TcpSocketInfo info, ParseSocket(payload));
    sockets.push_back(std::move(info));
    return Ok();
  });
}

Result<InetDiag> InetDiag::Open() {
  ScopedFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink.valid())
    return Error::Syscall(ErrorCode::kUnsupported, errno,
                          "asking the kernel about sockets (CONFIG_INET_DIAG)");
  return InetDiag(std::move(netlink));
}

Result<std::vector<TcpSocketInfo>> InetDiag::Ask(std::span<const std::byte> question) {
  std::vector<TcpSocketInfo> sockets;
  RETURN_IF_ERROR(sock_diag::Ask(netlink_.get(), question, kOf, [&sockets](Bytes datagram) {
    return ParseInetDiag(datagram, sockets);
  }));
  return sockets;
}

// Where the ends match no connection, the kernel answers with a listener (__inet_lookup(),
// include/net/inet_hashtables.h).
Result<std::optional<TcpSocketInfo>> InetDiag::Find(const InetEndpoint& local,
                                                    const InetEndpoint& remote,
                                                    uint32_t interface) {
  Question question = MakeQuestion(local.is_v6 ? AF_INET6 : AF_INET, 0);
  question.request.idiag_states = ~0u;
  question.request.id.idiag_sport = htons(local.port);
  question.request.id.idiag_dport = htons(remote.port);
  question.request.id.idiag_if = interface;
  std::memcpy(question.request.id.idiag_src, local.address.data(), 16);
  std::memcpy(question.request.id.idiag_dst, remote.address.data(), 16);
  const Result<std::vector<TcpSocketInfo>> found = Ask(std::as_bytes(std::span(&question, 1)));
  if (!found.has_value()) {
    if (found.error().errno_value() == ENOENT) return std::optional<TcpSocketInfo>();
    return Error(found.error());
  }
  for (const TcpSocketInfo& info : found.value()) {
    if (info.stage != TcpStage::kListening && info.local == local && info.remote == remote)
      return std::optional(info);
  }
  return std::optional<TcpSocketInfo>();
}

Result<std::vector<TcpSocketInfo>> InetDiag::ListOf(uint8_t protocol, uint32_t stages,
                                                    uint16_t local_port) {
  std::vector<TcpSocketInfo> all;
  for (const uint8_t family : {AF_INET, AF_INET6}) {
    Question question = MakeQuestion(family, NLM_F_DUMP);
    question.request.sdiag_protocol = protocol;
    question.request.idiag_states = stages;
    question.request.id.idiag_sport = htons(local_port);
    ASSIGN_OR_RETURN(std::vector<TcpSocketInfo> some, Ask(std::as_bytes(std::span(&question, 1))));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Result<std::vector<TcpSocketInfo>> InetDiag::List(uint32_t stages, uint16_t local_port) {
  return ListOf(IPPROTO_TCP, stages, local_port);
}

Result<std::vector<TcpSocketInfo>> InetDiag::ListUdp(uint16_t local_port, uint8_t protocol) {
  Result<std::vector<TcpSocketInfo>> found = ListOf(protocol, ~0u, local_port);
  // CONFIG_INET_UDP_DIAG.
  if (!found.has_value() && found.error().errno_value() == ENOENT)
    return std::vector<TcpSocketInfo>();
  return found;
}

}  // namespace tardigrade
