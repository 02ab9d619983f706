#ifndef PLUGINS_PACKET_SOCKET_PACKET_STATE_H_
#define PLUGINS_PACKET_SOCKET_PACKET_STATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/open_file.h"
#include "supervisor/resource/socket_facts.h"
#include "supervisor/resource/socket_options.h"

namespace tardigrade::packet_socket {

// The description of a socket: one for each, always.
struct PacketFileState {
  OpenFileState open;
  std::string object;  // Key of the socket's own state.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("object", self.object, Range<size_t>{1, 64});
  }
};

// As PacketMembershipInfo, with the interface's name.
struct Membership {
  std::string interface;
  uint32_t type = 0;
  uint32_t count = 0;
  std::vector<uint32_t> address;  // Bytes.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("interface", self.interface, Range<size_t>{1, 15});
    visit("type", self.type, Range<uint32_t>{0, 3});
    visit("count", self.count, Range<uint32_t>{1, 1024});
    visit("address", self.address, Range<size_t>{0, 32});
  }
};

// A block of a ring that belongs to the program: packets that it has not handed back yet.
struct RingBlock {
  uint32_t index = 0;
  Attachment data;  // From the block's beginning.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("index", self.index);
    visit("data", self.data);
  }
};

// A ring of TPACKET_V3 for packets that come in: sizes in bytes, see PacketRingInfo.
struct RingState {
  uint32_t block_size = 0;
  uint32_t blocks = 0;
  uint32_t frame_size = 0;
  uint32_t frames = 0;
  uint32_t retire_ms = 0;
  uint32_t private_size = 0;
  uint32_t features = 0;
  uint32_t head = 0;  // The block that the kernel fills next.
  std::vector<RingBlock> full;

  uint64_t size() const { return uint64_t{block_size} * blocks; }
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("block_size", self.block_size, Range<uint32_t>{4096, 1u << 30});
    visit("blocks", self.blocks, Range<uint32_t>{1, 1u << 20});
    visit("frame_size", self.frame_size);
    visit("frames", self.frames);
    visit("retire_ms", self.retire_ms);
    visit("private_size", self.private_size);
    visit("features", self.features);
    visit("head", self.head);
    visit("full", self.full, Range<size_t>{0, 1u << 20});
  }
};

struct PacketState {
  std::string key;                        // Its own.
  int32_t type = 0;                       // SOCK_RAW or SOCK_DGRAM
  uint32_t protocol = 0;                  // ETH_P_*; 0: it takes nothing.
  std::string interface;                  // Name; "": all.
  std::map<std::string, int64_t> packet;  // Of SOL_PACKET, what differs from a fresh socket.
  uint32_t copy_threshold = 0;
  std::optional<uint32_t> fanout;  // PACKET_FANOUT, as getsockopt(2) shows it.
  std::vector<Membership> memberships;
  std::optional<RingState> ring;
  SocketOptions options;
  SocketOwner owner;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("key", self.key, Range<size_t>{1, 64});
    visit("type", self.type, Range<int32_t>{2, 3});
    visit("protocol", self.protocol, Range<uint32_t>{0, 0xffff});
    visit("interface", self.interface, Range<size_t>{0, 15});
    visit("packet", self.packet);
    visit("copy_threshold", self.copy_threshold);
    visit("fanout", self.fanout);
    visit("memberships", self.memberships, Range<size_t>{0, 1 << 16});
    visit("ring", self.ring);
    visit("options", self.options);
    visit("owner", self.owner);
  }
};

// A mapping of a ring: always the whole.
struct PacketMappingState {
  std::string object;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("object", self.object, Range<size_t>{1, 64});
  }
};

// "packet:<inode>"
std::string PacketKey(uint64_t inode);

// Errors: kBadImage, for what contradicts itself as well.
Result<PacketState> DecodePacket(const Value& value);
Result<PacketState> DecodePacket(const std::string& key, CreateContext& context);

}  // namespace tardigrade::packet_socket

#endif  // PLUGINS_PACKET_SOCKET_PACKET_STATE_H_
