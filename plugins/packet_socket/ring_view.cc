#include "plugins/packet_socket/ring_view.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace tardigrade::packet_socket {
namespace {

// A packet counts before its bytes are there (prb_fill_curr_block(), then skb_copy_bits()): so long
// after it counts they are.
constexpr auto kCopyTime = std::chrono::milliseconds(2);

template <typename T>
T Take(std::span<const std::byte> bytes, size_t at) {
  T value = {};
  if (at <= bytes.size() && sizeof(T) <= bytes.size() - at)
    std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <typename T>
void Put(std::span<std::byte> bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

size_t BytesOf(const RingView& ring, uint32_t block) {
  const size_t told = ring.Header(block)->hdr.bh1.blk_len;
  return std::clamp(told, sizeof(tpacket_block_desc), ring.Block(block).size());
}

FullBlock Copy(const RingView& ring, uint32_t block) {
  const auto bytes = ring.Block(block).first(BytesOf(ring, block));
  return {.index = block, .bytes = {bytes.begin(), bytes.end()}};
}

// What is known of a block at one moment.
struct BlockLook {
  bool is_full = false;  // The program's.
  uint32_t packets = 0;
  bool goes_on = false;  // The last packet expects one behind it: the block was not closed.
};

BlockLook LookAt(const RingView& ring, uint32_t block) {
  BlockLook look;
  look.packets = ring.Header(block)->hdr.bh1.num_pkts;
  look.is_full = (ring.Status(block) & TP_STATUS_USER) != 0;
  if (look.packets == 0) return look;
  const std::optional<size_t> last = FindPacket(ring.Block(block), look.packets - 1);
  look.goes_on = last.has_value() && Take<uint32_t>(ring.Block(block), *last) != 0;
  return look;
}

}  // namespace

Result<RingView> RingView::Map(int local_fd, uint32_t block_size, uint32_t blocks) {
  void* const memory =
      mmap(nullptr, size_t{block_size} * blocks, PROT_READ | PROT_WRITE, MAP_SHARED, local_fd, 0);
  if (memory == MAP_FAILED) return Error::Errno("mapping the ring of a packet socket");
  return RingView(static_cast<std::byte*>(memory), block_size, blocks);
}

RingView::RingView(RingView&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      block_size_(other.block_size_),
      blocks_(other.blocks_) {}

RingView::~RingView() {
  if (memory_ != nullptr) munmap(memory_, size_t{block_size_} * blocks_);
}

uint32_t RingView::Status(uint32_t block) const {
  return std::atomic_ref(Header(block)->hdr.bh1.block_status).load(std::memory_order_acquire);
}

void RingView::SetStatus(uint32_t block, uint32_t status) const {
  std::atomic_ref(Header(block)->hdr.bh1.block_status).store(status, std::memory_order_release);
}

uint32_t RingView::LastOpened() const {
  uint32_t last = 0;
  for (uint32_t i = 1; i < blocks_; ++i)
    if (Header(i)->hdr.bh1.seq_num > Header(last)->hdr.bh1.seq_num) last = i;
  return last;
}

std::optional<size_t> FindPacket(std::span<const std::byte> block, uint32_t number) {
  size_t at = Take<uint32_t>(block, offsetof(tpacket_block_desc, hdr.bh1.offset_to_first_pkt));
  for (uint32_t i = 0;; ++i) {
    if (at < sizeof(tpacket_block_desc) || at + sizeof(tpacket3_hdr) > block.size())
      return std::nullopt;
    if (i == number) return at;
    const auto next = Take<uint32_t>(block, at + offsetof(tpacket3_hdr, tp_next_offset));
    if (next == 0) return std::nullopt;
    at += next;
  }
}

Status CloseBlock(std::span<std::byte> block, uint32_t packets) {
  const std::optional<size_t> last = packets == 0 ? std::nullopt : FindPacket(block, packets - 1);
  if (!last.has_value())
    return Error(ErrorCode::kInternal, "a block of a packet socket's ring is not understood");
  auto header = Take<tpacket_block_desc>(block, 0);
  auto packet = Take<tpacket3_hdr>(block, *last);
  packet.tp_next_offset = 0;
  header.hdr.bh1.num_pkts = packets;
  header.hdr.bh1.block_status = TP_STATUS_USER | TP_STATUS_BLK_TMO;
  header.hdr.bh1.ts_last_pkt.ts_sec = packet.tp_sec;
  header.hdr.bh1.ts_last_pkt.ts_nsec = packet.tp_nsec;
  Put(block, *last, packet);
  Put(block, 0, header);
  return Ok();
}

Result<RingContents> ReadRing(const RingView& ring) {
  RingContents contents;
  std::vector<BlockLook> looks;
  for (uint32_t i = 0; i < ring.blocks(); ++i) looks.push_back(LookAt(ring, i));
  const uint32_t last = ring.LastOpened();
  std::this_thread::sleep_for(kCopyTime);
  for (uint32_t i = 0; i < ring.blocks(); ++i)
    if (looks[i].is_full) contents.full.push_back(Copy(ring, i));
  contents.head = ring.Next(last);
  if (looks[last].is_full) return contents;
  if (looks[last].packets == 0) {
    contents.head = last;
    return contents;
  }
  // Else the program has had it already, and the kernel has not noticed yet that it may go on.
  const bool was_open = looks[last].goes_on || (ring.Status(last) & TP_STATUS_USER) != 0;
  if (!was_open) return contents;
  FullBlock open = Copy(ring, last);
  RETURN_IF_ERROR(CloseBlock(open.bytes, looks[last].packets));
  contents.full.push_back(std::move(open));
  return contents;
}

}  // namespace tardigrade::packet_socket
