#include "plugins/packet_socket/packet_collect.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "plugins/packet_socket/packet_options.h"
#include "plugins/packet_socket/ring_view.h"
#include "supervisor/kernel/packet_diag.h"

namespace tardigrade::packet_socket {
namespace {

Error Unsupported(const FdFacts& file, const std::string& what) {
  return Error(ErrorCode::kUnsupported, StrCat("the packet socket fd ", file.fd, " ", what));
}

Result<PacketSocketInfo> Ask(const FdFacts& file) {
  ASSIGN_OR_RETURN(auto found, FindPacketSocket(static_cast<uint32_t>(file.stat.st_ino)));
  if (found.has_value()) return std::move(*found);
  return Error(ErrorCode::kInternal,
               StrCat("the kernel does not tell about the packet socket fd ", file.fd));
}

Result<std::string> InterfaceName(const FdFacts& file, uint32_t index) {
  char name[IF_NAMESIZE] = "";
  if (index == 0) return std::string();
  if (if_indextoname(index, name) != nullptr) return std::string(name);
  return Unsupported(file, "is bound to an interface that is gone; close it first");
}

Status CheckInfo(const FdFacts& file, const PacketSocketInfo& info) {
  if (info.type != SOCK_RAW && info.type != SOCK_DGRAM)
    return Unsupported(file, "is of the obsolete type SOCK_PACKET, which cannot be saved");
  if (info.send_ring.has_value())
    return Unsupported(file,
                       "has a ring to send by (PACKET_TX_RING), in which the kernel's place shows "
                       "to nobody; let the program send without it");
  if (info.receive_ring.has_value() && info.version != TPACKET_V3)
    return Unsupported(file,
                       "has a ring of TPACKET_V1 or V2, in which the kernel's place shows to "
                       "nobody; TPACKET_V3 can be saved");
  return Ok();
}

// SO_PEEK_OFF does not exist here, so that only the first packet could be looked at.
Status CheckNothingUnread(const FdFacts& file) {
  if (HasPendingError(file.local_fd))
    return Unsupported(file,
                       "has an error pending (its interface is down?), which shows only to who "
                       "takes it off; try again when it has been read")
        .Passing();
  if (UnreadMemory(file.local_fd) == 0 || file.external == ExternalPolicy::kClose) return Ok();
  return Unsupported(file,
                     "has unread packets, of which the kernel shows the first only, and which "
                     "nobody can send to this socket alone; try again when they have been read, "
                     "or drop them with --external close")
      .Passing();
}

Status CollectMemberships(const FdFacts& file, const PacketSocketInfo& info, PacketState& state) {
  for (const PacketMembershipInfo& one : info.memberships) {
    ASSIGN_OR_RETURN(const std::string interface, InterfaceName(file, one.interface));
    state.memberships.push_back({.interface = interface,
                                 .type = one.type,
                                 .count = one.count,
                                 .address = {one.address.begin(), one.address.end()}});
  }
  return Ok();
}

Status CollectRing(const FdFacts& file, const PacketRingInfo& info, CollectContext& context,
                   PacketState& state) {
  RingState ring{.block_size = info.block_size,
                 .blocks = info.blocks,
                 .frame_size = info.frame_size,
                 .frames = info.frames,
                 .retire_ms = info.retire_ms,
                 .private_size = info.private_size,
                 .features = info.features,
                 .head = 0,
                 .full = {}};
  ASSIGN_OR_RETURN(const RingView view, RingView::Map(file.local_fd, info.block_size, info.blocks));
  ASSIGN_OR_RETURN(const RingContents contents, ReadRing(view), "fd ", file.fd);
  ring.head = contents.head;
  for (const FullBlock& full : contents.full) {
    RingBlock block{.index = full.index, .data = {}};
    ASSIGN_OR_RETURN(block.data, context.attachments().Put(full.bytes));
    ring.full.push_back(std::move(block));
  }
  state.ring = std::move(ring);
  return Ok();
}

}  // namespace

Status CheckPacket(const FdFacts& file) {
  RETURN_IF_ERROR(CheckNetworkNamespace(file));
  ASSIGN_OR_RETURN(const PacketSocketInfo info, Ask(file));
  RETURN_IF_ERROR(CheckInfo(file, info));
  if (info.is_in_group) RETURN_IF_ERROR(ReadFanout(file.local_fd), "fd ", file.fd);
  return file.frozen ? CheckNothingUnread(file) : Ok();
}

Result<PacketState> CollectPacket(const FdFacts& file, CollectContext& context) {
  ASSIGN_OR_RETURN(const PacketSocketInfo info, Ask(file));
  RETURN_IF_ERROR(CheckInfo(file, info));
  RETURN_IF_ERROR(CheckNothingUnread(file));
  if (UnreadMemory(file.local_fd) != 0)
    context.Warn(StrCat("the unread packets of the packet socket fd ", file.fd,
                        " are not saved (--external close)"));
  PacketState state;
  state.key = PacketKey(file.stat.st_ino);
  state.type = info.type;
  state.protocol = info.protocol;
  state.copy_threshold = info.copy_threshold;
  state.owner = {.uid = file.stat.st_uid, .gid = file.stat.st_gid};
  ASSIGN_OR_RETURN(state.interface, InterfaceName(file, info.interface));
  if (info.is_in_group) {
    ASSIGN_OR_RETURN(state.fanout, ReadFanout(file.local_fd), "fd ", file.fd);
  }
  RETURN_IF_ERROR(CollectMemberships(file, info, state));
  ASSIGN_OR_RETURN(state.packet, ReadPacketOptions(file.local_fd), "fd ", file.fd);
  ASSIGN_OR_RETURN(state.options, ReadSocketOptions(file.local_fd), "fd ", file.fd);
  if (info.receive_ring.has_value())
    RETURN_IF_ERROR(CollectRing(file, *info.receive_ring, context, state));
  return state;
}

}  // namespace tardigrade::packet_socket
