#include "plugins/packet_socket/ring_make.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "plugins/packet_socket/ring_view.h"
#include "supervisor/resource/socket_facts.h"

namespace tardigrade::packet_socket {
namespace {

constexpr uint16_t kExperiment = 0x88b5;  // ETH_P_802_EX1: IEEE 802, local experiments.
constexpr char kLoopback[] = "lo";
constexpr size_t kSmallPacket = 64;  // Bytes.
constexpr size_t kHeaders = 512;     // Bytes: more than what is before a packet in a block.
constexpr int kMostLooks = 20000;
constexpr auto kPause = std::chrono::microseconds(50);

sockaddr_ll LoopbackAddress() {
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(kExperiment);
  address.sll_ifindex = static_cast<int>(if_nametoindex(kLoopback));
  address.sll_halen = ETH_ALEN;
  return address;
}

// As large as one may be, to fill blocks with few.
size_t LargestPacket(int fd) {
  ifreq request = {};
  std::strcpy(request.ifr_name, kLoopback);
  const bool known = ioctl(fd, SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0;
  return std::min<size_t>(known ? static_cast<size_t>(request.ifr_mtu) : 1500, 60000);
}

// Moves the kernel through the ring.
class RingMover {
 public:
  RingMover(int local_fd, const RingView& ring) : fd_(local_fd), ring_(ring) {}

  Status Start() {
    sender_.Reset(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!sender_.valid()) return Error::Errno("making a packet socket");
    packet_.resize(LargestPacket(sender_.get()));
    socklen_t size = sizeof(reserve_);
    if (getsockopt(fd_, SOL_PACKET, PACKET_RESERVE, &reserve_, &size) != 0)
      return Error::Errno("PACKET_RESERVE");
    const sockaddr_ll address = LoopbackAddress();
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      return Error::Errno("binding a packet socket to ", kLoopback);
    return Ok();
  }

  // To where `block` is open, with nothing in it.
  Status MoveTo(uint32_t block) {
    while (ring_.LastOpened() != block || ring_.Status(block) != TP_STATUS_KERNEL) {
      RETURN_IF_ERROR(SendOne());
      for (uint32_t i = 0; i < ring_.blocks(); ++i) ring_.SetStatus(i, TP_STATUS_KERNEL);
    }
    return Ok();
  }

  // To where it waits for `block`, which the program still has.
  Status MoveToWaitFor(uint32_t block) {
    const uint32_t before = block == 0 ? ring_.blocks() - 1 : block - 1;
    RETURN_IF_ERROR(MoveTo(before));
    ring_.SetStatus(block, TP_STATUS_USER);
    while (waits_ == 0) RETURN_IF_ERROR(SendOne());
    return Ok();
  }

 private:
  // What fills the block that is open, or a small one, by which the kernel goes on to the next:
  // there it is in the way as little as can be.
  size_t NextSize() const {
    const uint32_t block = ring_.LastOpened();
    const size_t size = ring_.Block(block).size(), overhead = kHeaders + reserve_;
    const size_t used = std::min<size_t>(ring_.Header(block)->hdr.bh1.blk_len, size);
    return size - used < 2 * overhead ? kSmallPacket
                                      : std::min(packet_.size(), size - used - overhead);
  }

  // Until the kernel has counted it: what came later would be the job's.
  Status SendOne() {
    const sockaddr_ll to = LoopbackAddress();
    const auto sent = sendto(sender_.get(), packet_.data(), NextSize(), 0,
                             reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    if (sent < 0)
      return Error::Syscall(ErrorCode::kUnsupported, errno,
                            "moving through the ring of a packet socket takes the loopback "
                            "interface, which has to be up (ip link set lo up)");
    for (int look = 0; look < kMostLooks; ++look) {
      tpacket_stats_v3 seen = {};
      socklen_t size = sizeof(seen);
      if (getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &seen, &size) != 0)
        return Error::Errno("PACKET_STATISTICS");
      waits_ += seen.tp_freeze_q_cnt;
      if (seen.tp_packets != 0) return Ok();
      std::this_thread::sleep_for(kPause);
    }
    return Error(ErrorCode::kSystem,
                 "a packet on the loopback interface does not arrive at a packet socket");
  }

  int fd_;
  const RingView& ring_;
  ScopedFd sender_;
  std::vector<std::byte> packet_;
  uint32_t reserve_ = 0;  // Bytes before each packet: PACKET_RESERVE.
  uint32_t waits_ = 0;    // How often the kernel found the next block taken.
};

// What brought the kernel there stays in its block, passed over.
void PassOver(const RingView& ring, uint32_t block) {
  tpacket_hdr_v1& header = ring.Header(block)->hdr.bh1;
  const uint32_t packets = header.num_pkts;
  const std::optional<size_t> last =
      packets == 0 ? std::nullopt : FindPacket(ring.Block(block), packets - 1);
  if (!last.has_value()) return;
  uint32_t length = 0;
  std::memcpy(&length, ring.Block(block).data() + *last, sizeof(length));
  header.offset_to_first_pkt = static_cast<uint32_t>(*last) + length;
  header.num_pkts = 0;
}

bool IsFull(const RingState& state, uint32_t block) {
  return std::any_of(state.full.begin(), state.full.end(),
                     [block](const RingBlock& full) { return full.index == block; });
}

Status SetGeometry(const RingState& state, int local_fd) {
  tpacket_req3 request = {};
  request.tp_block_size = state.block_size;
  request.tp_block_nr = state.blocks;
  request.tp_frame_size = state.frame_size;
  request.tp_frame_nr = state.frames;
  request.tp_retire_blk_tov = state.retire_ms;
  request.tp_sizeof_priv = state.private_size;
  request.tp_feature_req_word = state.features;
  if (setsockopt(local_fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) != 0)
    return Error::Errno("making the ring of a packet socket (", state.blocks, " blocks of ",
                        state.block_size, " bytes)");
  return Ok();
}

Status FillBlock(const RingBlock& full, const RingView& ring, CreateContext& context) {
  const std::span<std::byte> block = ring.Block(full.index);
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                   context.attachments().Get(full.data, block.size()));
  tpacket_block_desc header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const uint32_t status = std::exchange(header.hdr.bh1.block_status, ring.Status(full.index));
  std::memcpy(block.data() + sizeof(header), bytes.data() + sizeof(header),
              bytes.size() - sizeof(header));
  std::memcpy(block.data(), &header, sizeof(header));
  ring.SetStatus(full.index, status);
  return Ok();
}

}  // namespace

Status MakeRing(const RingState& state, int local_fd, CreateContext& context) {
  RETURN_IF_ERROR(SetGeometry(state, local_fd));
  ASSIGN_OR_RETURN(const RingView ring, RingView::Map(local_fd, state.block_size, state.blocks));
  const bool waits = IsFull(state, state.head);
  if (waits || state.head != 0) {
    RingMover mover(local_fd, ring);
    RETURN_IF_ERROR(mover.Start());
    RETURN_IF_ERROR(waits ? mover.MoveToWaitFor(state.head) : mover.MoveTo(state.head));
    RETURN_IF_ERROR(ShutOut(local_fd));
    if (!waits) {
      PassOver(ring, state.head);
      // The kernel's timer may have been faster.
      if (ring.LastOpened() != state.head || ring.Status(state.head) != TP_STATUS_KERNEL)
        return Error(ErrorCode::kSystem,
                     "the ring of a packet socket moved on while it was made; try again");
    }
  }
  for (const RingBlock& full : state.full) RETURN_IF_ERROR(FillBlock(full, ring, context));
  return Ok();
}

}  // namespace tardigrade::packet_socket
