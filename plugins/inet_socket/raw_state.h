#ifndef PLUGINS_INET_SOCKET_RAW_STATE_H_
#define PLUGINS_INET_SOCKET_RAW_STATE_H_

#include <cstdint>
#include <vector>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/inet_options.h"
#include "plugins/inet_socket/multicast.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"
#include "supervisor/resource/socket_facts.h"
#include "supervisor/resource/socket_options.h"

namespace tardigrade::inet_socket {

// A raw socket, or one of ICMP echo messages ("ping").
struct RawState {
  OpenFileState open;
  int32_t family = 0;    // AF_INET or AF_INET6
  int32_t type = 0;      // SOCK_RAW; SOCK_DGRAM: ping.
  int32_t protocol = 0;  // IPPROTO_*
  InetAddress local;     // The port is the protocol of a raw socket, the identifier of a ping.
  InetAddress remote;    // Empty: not connected.
  bool ended = false;    // shutdown(2) for reading.
  std::vector<uint32_t> icmp6_filter;  // ICMPV6_FILTER; empty: there is none.
  std::vector<Membership> memberships;
  InetOptions inet;
  SocketOptions options;
  SocketOwner owner;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("family", self.family, Range<int32_t>{2, 10});
    visit("type", self.type, Range<int32_t>{2, 3});
    visit("protocol", self.protocol, Range<int32_t>{0, 255});
    visit("local", self.local);
    visit("remote", self.remote);
    visit("ended", self.ended);
    visit("icmp6_filter", self.icmp6_filter, Range<size_t>{0, 8});
    visit("memberships", self.memberships, Range<size_t>{0, 1 << 16});
    visit("inet", self.inet);
    visit("options", self.options);
    visit("owner", self.owner);
  }
};

// Errors: kBadImage, for what contradicts itself as well.
Result<RawState> DecodeRaw(const Value& value);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_RAW_STATE_H_
