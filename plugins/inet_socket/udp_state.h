#ifndef PLUGINS_INET_SOCKET_UDP_STATE_H_
#define PLUGINS_INET_SOCKET_UDP_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/inet_file.h"
#include "plugins/inet_socket/inet_options.h"
#include "plugins/inet_socket/multicast.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/socket_options.h"

namespace tardigrade::inet_socket {

// An unread datagram.
struct Datagram {
  uint64_t size = 0;  // Bytes.
  InetAddress from;
  InetAddress to;      // Empty where the socket does not ask (IP_PKTINFO).
  std::string sender;  // Key of the socket with the address `from`; "" if the job has none.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("size", self.size, Range<uint64_t>{0, 1 << 17});
    visit("from", self.from);
    visit("to", self.to);
    visit("sender", self.sender, Range<size_t>{0, 64});
  }
};

struct UdpState {
  std::string key;                  // Its own.
  int32_t family = 0;               // AF_INET or AF_INET6
  std::optional<int32_t> protocol;  // IPPROTO_UDPLITE; else it is UDP.
  InetAddress local;
  InetAddress remote;     // Empty: not connected.
  uint32_t shutdown = 0;  // As TcpSocketInfo::shutdown.
  std::vector<Membership> memberships;
  Attachment data;  // Of all datagrams, one after the other.
  std::vector<Datagram> datagrams;
  InetOptions inet;
  SocketOptions options;
  SocketOwner owner;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("key", self.key, Range<size_t>{1, 64});
    visit("family", self.family, Range<int32_t>{2, 10});
    visit("protocol", self.protocol, Range<int32_t>{0, 255});
    visit("local", self.local);
    visit("remote", self.remote);
    visit("shutdown", self.shutdown, Range<uint32_t>{0, 3});
    visit("memberships", self.memberships, Range<size_t>{0, 1 << 16});
    visit("data", self.data);
    visit("datagrams", self.datagrams, Range<size_t>{0, 1 << 20});
    visit("inet", self.inet);
    visit("options", self.options);
    visit("owner", self.owner);
  }
};

// "udp:<inode>"
std::string UdpKey(uint64_t inode);

// Errors: kBadImage, for what contradicts itself as well.
Result<UdpState> DecodeUdp(const Value& value);
Result<UdpState> DecodeUdp(const std::string& key, CreateContext& context);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_UDP_STATE_H_
