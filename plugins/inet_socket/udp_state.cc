#include "plugins/inet_socket/udp_state.h"

#include <netinet/in.h>

namespace tardigrade::inet_socket {
namespace {

Error Contradiction(const char* what) {
  return Error(ErrorCode::kBadImage, StrCat("udp_socket.", what));
}

bool IsAddress(InetAddress address, int family) {
  address.scope.clear();
  return SockAddress::From(address, family).has_value();
}

}  // namespace

std::string UdpKey(uint64_t inode) { return StrCat("udp:", inode); }

Result<UdpState> DecodeUdp(const Value& value) {
  ASSIGN_OR_RETURN(UdpState state, Decode<UdpState>(value, "udp_socket"));
  if (state.family != AF_INET && state.family != AF_INET6)
    return Contradiction("family is neither IPv4 nor IPv6");
  if (state.protocol.value_or(IPPROTO_UDPLITE) != IPPROTO_UDPLITE)
    return Contradiction("protocol is none of datagrams");
  if (!IsAddress(state.local, state.family)) return Contradiction("local is no address");
  if (!state.remote.empty() && !IsAddress(state.remote, state.family))
    return Contradiction("remote is no address");
  uint64_t total = 0;
  for (const Datagram& datagram : state.datagrams) {
    total += datagram.size;
    if (!IsAddress(datagram.from, state.family) ||
        (!datagram.to.empty() && !IsAddress(datagram.to, state.family)))
      return Contradiction("datagrams have an address that is none");
  }
  if (total != state.data.size) return Contradiction("datagrams do not add up to data");
  if (!state.datagrams.empty() && state.local.port == 0)
    return Contradiction("datagrams of a socket that is not bound");
  return state;
}

Result<UdpState> DecodeUdp(const std::string& key, CreateContext& context) {
  const Value* value = context.ObjectState(key);
  if (value == nullptr) return Error(ErrorCode::kBadImage, StrCat("the image has no socket ", key));
  ASSIGN_OR_RETURN(UdpState state, DecodeUdp(*value));
  if (state.key != key)
    return Error(ErrorCode::kBadImage, StrCat("the image's object ", key, " is no such socket"));
  return state;
}

}  // namespace tardigrade::inet_socket
