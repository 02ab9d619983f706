#include "plugins/packet_socket/packet_make.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "plugins/packet_socket/packet_options.h"
#include "plugins/packet_socket/ring_make.h"

namespace tardigrade::packet_socket {
namespace {

struct MembershipRequest {  // struct packet_mreq_max, net/packet/internal.h
  int interface;
  unsigned short type;
  unsigned short length;
  unsigned char address[32];
};

Result<int> InterfaceIndex(const std::string& name) {
  if (name.empty()) return 0;
  const unsigned index = if_nametoindex(name.c_str());
  if (index != 0) return static_cast<int>(index);
  return Error::Syscall(
      ErrorCode::kUnsupported, errno,
      StrCat("a packet socket is bound to the interface ", name, ", which is not here"));
}

Status Join(const Membership& membership, int local_fd) {
  MembershipRequest request = {};
  ASSIGN_OR_RETURN(request.interface, InterfaceIndex(membership.interface));
  request.type = static_cast<unsigned short>(membership.type);
  request.length = static_cast<unsigned short>(membership.address.size());
  std::copy(membership.address.begin(), membership.address.end(), request.address);
  for (uint32_t i = 0; i < membership.count; ++i)
    if (setsockopt(local_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) != 0)
      return Error::Errno("giving a packet socket its membership at the interface ",
                          membership.interface);
  return Ok();
}

Status Bind(const PacketState& state, int local_fd) {
  if (state.protocol == 0 && state.interface.empty()) return Ok();
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(static_cast<uint16_t>(state.protocol));
  ASSIGN_OR_RETURN(address.sll_ifindex, InterfaceIndex(state.interface));
  if (bind(local_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
    return Ok();
  return Error::Errno("binding a packet socket to the interface ",
                      state.interface.empty() ? "any" : state.interface);
}

}  // namespace

Result<ScopedFd> MakePacket(const PacketState& state, CreateContext& context) {
  ScopedFd fd(socket(AF_PACKET, state.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid())
    return Error::Errno(
        "making a packet socket, which takes CAP_NET_RAW over the network namespace");
  RETURN_IF_ERROR(ApplyPacketOptions(fd.get(), state.packet));
  if (state.ring.has_value()) RETURN_IF_ERROR(MakeRing(*state.ring, fd.get(), context));
  return fd;
}

Status SettlePacket(const PacketState& state, int local_fd, CreateContext& context) {
  const int threshold = static_cast<int>(state.copy_threshold);
  if (threshold != 0 &&
      setsockopt(local_fd, SOL_PACKET, PACKET_COPY_THRESH, &threshold, sizeof(threshold)) != 0)
    return Error::Errno("PACKET_COPY_THRESH");
  for (const Membership& membership : state.memberships)
    RETURN_IF_ERROR(Join(membership, local_fd));
  SetOwner(local_fd, state.owner, context);
  // Its own filter takes the place of MakeRing()'s, and comes before what it is to filter.
  if (!state.options.filter.empty()) RETURN_IF_ERROR(ApplySocketOptions(local_fd, state.options));
  RETURN_IF_ERROR(Bind(state, local_fd));
  if (state.options.filter.empty()) {
    if (state.ring.has_value()) (void)LetIn(local_fd);  // There may be none to take off.
    RETURN_IF_ERROR(ApplySocketOptions(local_fd, state.options));
  }
  if (!state.fanout.has_value()) return Ok();
  if (setsockopt(local_fd, SOL_PACKET, PACKET_FANOUT, &*state.fanout, sizeof(*state.fanout)) != 0)
    return Error::Errno("joining a group of packet sockets (PACKET_FANOUT)");
  return Ok();
}

}  // namespace tardigrade::packet_socket
