#include "plugins/packet_socket/packet_state.h"

namespace tardigrade::packet_socket {
namespace {

Error Contradiction(const char* what) {
  return Error(ErrorCode::kBadImage, StrCat("packet_socket.", what));
}

Status CheckRing(const RingState& ring) {
  if (ring.size() > uint64_t{1} << 32) return Contradiction("ring is larger than there can be");
  if (ring.head >= ring.blocks) return Contradiction("ring.head is beyond the ring");
  for (const RingBlock& block : ring.full)
    if (block.index >= ring.blocks || block.data.size > ring.block_size || block.data.size < 48)
      return Contradiction("ring.full has a block that does not fit");
  return Ok();
}

}  // namespace

std::string PacketKey(uint64_t inode) { return StrCat("packet:", inode); }

Result<PacketState> DecodePacket(const Value& value) {
  ASSIGN_OR_RETURN(PacketState state, Decode<PacketState>(value, "packet_socket"));
  for (const Membership& membership : state.memberships)
    for (const uint32_t byte : membership.address)
      if (byte > 0xff) return Contradiction("memberships have an address that is none");
  if (state.ring.has_value()) RETURN_IF_ERROR(CheckRing(*state.ring));
  return state;
}

Result<PacketState> DecodePacket(const std::string& key, CreateContext& context) {
  const Value* value = context.ObjectState(key);
  if (value == nullptr) return Error(ErrorCode::kBadImage, StrCat("the image has no socket ", key));
  ASSIGN_OR_RETURN(PacketState state, DecodePacket(*value));
  if (state.key != key)
    return Error(ErrorCode::kBadImage, StrCat("the image's object ", key, " is no such socket"));
  return state;
}

}  // namespace tardigrade::packet_socket
