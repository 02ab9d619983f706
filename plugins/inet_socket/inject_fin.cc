#include "plugins/inet_socket/inject_fin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>
#include <span>

#include "supervisor/base/scoped_fd.h"

namespace tardigrade::inet_socket {
namespace {

using Packet = std::vector<std::byte>;

constexpr uint8_t kHops = 64;
constexpr int kIpv6Hdrincl = 36;  // IPV6_HDRINCL

template <typename T>
void Append(Packet& packet, const T& value) {
  const size_t at = packet.size();
  packet.resize(at + sizeof(value));
  std::memcpy(packet.data() + at, &value, sizeof(value));
}

size_t AddressBytes(const InetEndpoint& end) {
  return end.is_v6 ? sizeof(in6_addr) : sizeof(in_addr);
}

void AppendAddress(Packet& packet, const InetEndpoint& end) {
  const auto bytes = std::as_bytes(std::span(end.address)).first(AddressBytes(end));
  packet.insert(packet.end(), bytes.begin(), bytes.end());
}

tcphdr TcpHeaderOf(const FinPacket& fin) {
  tcphdr header = {};
  header.source = htons(fin.flow.remote.port);
  header.dest = htons(fin.flow.local.port);
  header.seq = htonl(fin.seq);
  header.ack_seq = htonl(fin.acknowledged);
  header.doff = sizeof(header) / sizeof(uint32_t);
  header.fin = 1;
  header.ack = 1;
  header.window = htons(fin.window);
  return header;
}

// RFC 9293, 3.1: over the addresses, the protocol and the length as well.
uint16_t ChecksumOf(const FinPacket& fin, const tcphdr& header) {
  Packet summed;
  AppendAddress(summed, fin.flow.remote);
  AppendAddress(summed, fin.flow.local);
  Append(summed, htonl(sizeof(header)));
  Append(summed, htonl(IPPROTO_TCP));
  Append(summed, header);
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < summed.size(); i += 2)
    sum += static_cast<uint32_t>(summed[i]) << 8 | static_cast<uint32_t>(summed[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<uint16_t>(~sum));
}

// The kernel fills in its checksum (raw_send_hdrinc(), net/ipv4/raw.c).
void AppendIpv4(Packet& packet, const FinPacket& fin) {
  iphdr header = {};
  header.version = 4;
  header.ihl = sizeof(header) / sizeof(uint32_t);
  header.tot_len = htons(sizeof(header) + sizeof(tcphdr));
  header.frag_off = htons(IP_DF);
  header.ttl = kHops;
  header.protocol = IPPROTO_TCP;
  std::memcpy(&header.saddr, fin.flow.remote.address.data(), sizeof(header.saddr));
  std::memcpy(&header.daddr, fin.flow.local.address.data(), sizeof(header.daddr));
  Append(packet, header);
}

void AppendIpv6(Packet& packet, const FinPacket& fin) {
  ip6_hdr header = {};
  header.ip6_flow = htonl(uint32_t{6} << 28);
  header.ip6_plen = htons(sizeof(tcphdr));
  header.ip6_nxt = IPPROTO_TCP;
  header.ip6_hlim = kHops;
  std::memcpy(&header.ip6_src, fin.flow.remote.address.data(), sizeof(header.ip6_src));
  std::memcpy(&header.ip6_dst, fin.flow.local.address.data(), sizeof(header.ip6_dst));
  Append(packet, header);
}

Result<ScopedFd> RawSocket(const FinPacket& fin, const std::string& device) {
  const bool v6 = fin.flow.local.is_v6;
  ScopedFd fd(socket(v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!fd.valid())
    return Error::Errno("making a raw socket", errno == EPERM ? ", which takes CAP_NET_RAW" : "");
  const int on = 1;
  const uint32_t mark = kPassingMark;
  if (setsockopt(fd.get(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? kIpv6Hdrincl : IP_HDRINCL, &on,
                 sizeof(on)) != 0)
    return Error::Errno("IP_HDRINCL");
  if (setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0)
    return Error::Errno("SO_MARK");
  if (!device.empty() && setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                                    static_cast<socklen_t>(device.size() + 1)) != 0)
    return Error::Errno("binding a socket to the interface ", device);
  return fd;
}

}  // namespace

std::vector<std::byte> MakeFinPacket(const FinPacket& fin) {
  Packet packet;
  if (fin.flow.local.is_v6) {
    AppendIpv6(packet, fin);
  } else {
    AppendIpv4(packet, fin);
  }
  tcphdr header = TcpHeaderOf(fin);
  header.check = ChecksumOf(fin, header);
  Append(packet, header);
  return packet;
}

Status InjectFin(const FinPacket& fin, const std::string& device) {
  ASSIGN_OR_RETURN(const ScopedFd fd, RawSocket(fin, device));
  const std::vector<std::byte> packet = MakeFinPacket(fin);
  sockaddr_storage to = {};
  socklen_t size = sizeof(sockaddr_in);
  if (fin.flow.local.is_v6) {
    auto* six = reinterpret_cast<sockaddr_in6*>(&to);
    six->sin6_family = AF_INET6;
    std::memcpy(&six->sin6_addr, fin.flow.local.address.data(), sizeof(six->sin6_addr));
    size = sizeof(*six);
  } else {
    auto* four = reinterpret_cast<sockaddr_in*>(&to);
    four->sin_family = AF_INET;
    std::memcpy(&four->sin_addr, fin.flow.local.address.data(), sizeof(four->sin_addr));
  }
  if (sendto(fd.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to), size) < 0)
    return Error::Errno(
        "handing a socket the end of a stream that it had received, over the loopback device");
  return Ok();
}

}  // namespace tardigrade::inet_socket
