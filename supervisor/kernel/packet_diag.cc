#include "supervisor/kernel/packet_diag.h"

#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/sock_diag.h"

namespace tardigrade {
namespace {

using sock_diag::Bytes, sock_diag::Malformed, sock_diag::Take;

constexpr std::string_view kOf = "packet sockets";

struct Question {
  nlmsghdr header;
  packet_diag_req request;
};

std::optional<PacketRingInfo> RingOf(std::span<const std::byte> bytes) {
  const auto ring = Take<packet_diag_ring>(bytes);
  if (!ring.has_value()) return std::nullopt;
  return PacketRingInfo{.block_size = ring->pdr_block_size,
                        .blocks = ring->pdr_block_nr,
                        .frame_size = ring->pdr_frame_size,
                        .frames = ring->pdr_frame_nr,
                        .retire_ms = ring->pdr_retire_tmo,
                        .private_size = ring->pdr_sizeof_priv,
                        .features = ring->pdr_features};
}

void SetMemberships(std::span<const std::byte> bytes, PacketSocketInfo& info) {
  while (const auto one = Take<packet_diag_mclist>(bytes)) {
    const size_t length = std::min<size_t>(one->pdmc_alen, sizeof(one->pdmc_addr));
    info.memberships.push_back({.interface = one->pdmc_index,
                                .count = one->pdmc_count,
                                .type = one->pdmc_type,
                                .address = {one->pdmc_addr, one->pdmc_addr + length}});
    bytes = bytes.subspan(sizeof(*one));
  }
}

void SetAttribute(uint16_t type, std::span<const std::byte> bytes, PacketSocketInfo& info) {
  if (type == PACKET_DIAG_INFO) {
    const auto fixed = Take<packet_diag_info>(bytes).value_or(packet_diag_info{});
    info.interface = fixed.pdi_index;
    info.version = fixed.pdi_version;
    info.copy_threshold = fixed.pdi_copy_thresh;
  }
  if (type == PACKET_DIAG_MCLIST) SetMemberships(bytes, info);
  if (type == PACKET_DIAG_FANOUT) info.is_in_group = true;
  if (type == PACKET_DIAG_RX_RING) info.receive_ring = RingOf(bytes);
  if (type == PACKET_DIAG_TX_RING) info.send_ring = RingOf(bytes);
}

Result<PacketSocketInfo> ParseSocket(std::span<const std::byte> bytes) {
  const auto fixed = Take<packet_diag_msg>(bytes);
  if (!fixed.has_value()) return Malformed(kOf);
  PacketSocketInfo info;
  info.inode = fixed->pdiag_ino;
  info.type = fixed->pdiag_type;
  info.protocol = fixed->pdiag_num;
  RETURN_IF_ERROR(sock_diag::ForEachAttribute(bytes, sizeof(packet_diag_msg), kOf,
                                              [&info](uint16_t type, Bytes content) {
                                                SetAttribute(type, content, info);
                                                return true;
                                              }));
  return info;
}

Result<std::vector<PacketSocketInfo>> ListPacketSockets() {
  const ScopedFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  Question question = {};
  question.header.nlmsg_len = sizeof(question);
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.sdiag_family = AF_PACKET;
  question.request.pdiag_show =
      PACKET_SHOW_INFO | PACKET_SHOW_MCLIST | PACKET_SHOW_RING_CFG | PACKET_SHOW_FANOUT;
  if (!netlink.valid()) return Error::Errno("asking about ", kOf);
  std::vector<PacketSocketInfo> sockets;
  RETURN_IF_ERROR(
      sock_diag::Ask(netlink.get(), std::as_bytes(std::span(&question, 1)), kOf,
                     [&sockets](Bytes datagram) { return ParsePacketDiag(datagram, sockets); }));
  return sockets;
}

}  // namespace

Result<bool> ParsePacketDiag(std::span<const std::byte> datagram,
                             std::vector<PacketSocketInfo>& sockets) {
  return sock_diag::ParseDatagram(datagram, kOf, [&sockets](Bytes payload) -> Status {
    ASSIGN_OR_RETURN(PacketSocketInfo info, ParseSocket(payload));
    sockets.push_back(std::move(info));
    return Ok();
  });
}

Result<std::optional<PacketSocketInfo>> FindPacketSocket(uint32_t inode) {
  Result<std::vector<PacketSocketInfo>> all = ListPacketSockets();
  if (!all.has_value()) {
    if (all.error().errno_value() != ENOENT) return std::move(all).error();
    return Error(ErrorCode::kUnsupported,
                 "this kernel does not tell about packet sockets (CONFIG_PACKET_DIAG)");
  }
  for (PacketSocketInfo& info : all.value())
    if (info.inode == inode) return std::optional(std::move(info));
  return std::optional<PacketSocketInfo>();
}

}  // namespace tardigrade
