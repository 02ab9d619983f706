#include "supervisor/kernel/packet_diag.h"

#include <linux/netlink.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "supervisor/base/scoped_fd.h"

namespace tardigrade {
namespace {

// A dump never sends more in one datagram: NLMSG_GOODSIZE and max_recvmsg_len, af_netlink.c.
constexpr size_t kLargestDatagram = 64 << 10;

struct Question {
  nlmsghdr header;
  packet_diag_req request;
};

Error Malformed() {
  return Error(ErrorCode::kInternal, "the kernel's answer about packet sockets is malformed");
}

template <typename T>
std::optional<T> Take(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

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
  if (!fixed.has_value()) return Malformed();
  PacketSocketInfo info;
  info.inode = fixed->pdiag_ino;
  info.type = fixed->pdiag_type;
  info.protocol = fixed->pdiag_num;
  bytes = bytes.subspan(std::min<size_t>(NLMSG_ALIGN(sizeof(packet_diag_msg)), bytes.size()));
  while (const auto attribute = Take<nlattr>(bytes)) {
    const size_t length = attribute->nla_len;
    if (length < NLA_HDRLEN || length > bytes.size()) return Malformed();
    SetAttribute(attribute->nla_type, bytes.subspan(NLA_HDRLEN, length - NLA_HDRLEN), info);
    bytes = bytes.subspan(std::min<size_t>(NLA_ALIGN(length), bytes.size()));
  }
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
  if (!netlink.valid() || send(netlink.get(), &question, sizeof(question), 0) < 0)
    return Error::Errno("asking about packet sockets");
  std::vector<PacketSocketInfo> sockets;
  std::vector<std::byte> datagram(kLargestDatagram);
  for (bool done = false; !done;) {
    const ssize_t got = recv(netlink.get(), datagram.data(), datagram.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::Errno("asking about packet sockets");
    if (static_cast<size_t>(got) > datagram.size()) return Malformed();
    ASSIGN_OR_RETURN(done,
                     ParsePacketDiag(std::span(datagram).first(static_cast<size_t>(got)), sockets));
  }
  return sockets;
}

}  // namespace

Result<bool> ParsePacketDiag(std::span<const std::byte> datagram,
                             std::vector<PacketSocketInfo>& sockets) {
  while (const auto header = Take<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > datagram.size()) return Malformed();
    const auto payload = datagram.subspan(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN);
    if (header->nlmsg_type == NLMSG_DONE) return true;
    if (header->nlmsg_type == NLMSG_ERROR) {
      const int error = -Take<int>(payload).value_or(-EIO);
      if (error == 0) return true;
      return Error::Syscall(ErrorCode::kSystem, error, "asking about packet sockets");
    }
    if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
      ASSIGN_OR_RETURN(PacketSocketInfo info, ParseSocket(payload));
      sockets.push_back(std::move(info));
    }
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), datagram.size()));
  }
  return false;
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
