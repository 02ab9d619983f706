#ifndef SUPERVISOR_KERNEL_PACKET_DIAG_H_
#define SUPERVISOR_KERNEL_PACKET_DIAG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// The geometry of a ring that a packet socket shares with its program; sizes in bytes.
struct PacketRingInfo {
  uint32_t block_size = 0;
  uint32_t blocks = 0;
  uint32_t frame_size = 0;
  uint32_t frames = 0;
  uint32_t retire_ms = 0;     // The rest: of TPACKET_V3 only.
  uint32_t private_size = 0;  // Of each block.
  uint32_t features = 0;
  bool operator==(const PacketRingInfo&) const = default;
};

// An address or mode of an interface that a packet socket asked for (PACKET_ADD_MEMBERSHIP).
struct PacketMembershipInfo {
  uint32_t interface = 0;  // Index.
  uint32_t count = 0;      // So often.
  uint16_t type = 0;       // PACKET_MR_*
  std::vector<uint8_t> address;
  bool operator==(const PacketMembershipInfo&) const = default;
};

// What the kernel tells of one packet socket: sock_diag(7), net/packet/diag.c.
struct PacketSocketInfo {
  uint32_t inode = 0;
  uint8_t type = 0;             // SOCK_*
  uint16_t protocol = 0;        // ETH_P_*, in host order; 0: it takes nothing.
  uint32_t interface = 0;       // Index; 0: all.
  uint32_t version = 0;         // enum tpacket_versions
  uint32_t copy_threshold = 0;  // PACKET_COPY_THRESH, bytes.
  bool is_in_group = false;     // PACKET_FANOUT
  std::vector<PacketMembershipInfo> memberships;
  std::optional<PacketRingInfo> receive_ring;
  std::optional<PacketRingInfo> send_ring;
  bool operator==(const PacketSocketInfo&) const = default;
};

// Appends the sockets of one netlink datagram to `sockets`; true after the last one.  Errors:
// kSystem with the kernel's errno, kInternal for a malformed datagram.
Result<bool> ParsePacketDiag(std::span<const std::byte> datagram,
                             std::vector<PacketSocketInfo>& sockets);

// The packet socket with this inode in the caller's network namespace; takes no privilege.  nullopt
// if there is none.  Errors: kUnsupported without CONFIG_PACKET_DIAG.
Result<std::optional<PacketSocketInfo>> FindPacketSocket(uint32_t inode);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_PACKET_DIAG_H_
