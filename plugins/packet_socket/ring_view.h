#ifndef PLUGINS_PACKET_SOCKET_RING_VIEW_H_
#define PLUGINS_PACKET_SOCKET_RING_VIEW_H_

#include <linux/if_packet.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade::packet_socket {

// The ring of a TPACKET_V3 socket, mapped here while it lives: net/packet/af_packet.c,
// packet_mmap(). The kernel writes to it all the time.
class RingView {
 public:
  static Result<RingView> Map(int local_fd, uint32_t block_size, uint32_t blocks);
  RingView(RingView&& other) noexcept;
  RingView& operator=(RingView&&) = delete;
  ~RingView();

  uint32_t blocks() const { return blocks_; }
  uint32_t Next(uint32_t block) const { return block + 1 == blocks_ ? 0 : block + 1; }
  std::span<std::byte> Block(uint32_t block) const {
    return {memory_ + size_t{block} * block_size_, block_size_};
  }
  tpacket_block_desc* Header(uint32_t block) const {
    return reinterpret_cast<tpacket_block_desc*>(Block(block).data());
  }
  // The flags by which a block belongs to the kernel (0) or to the program.
  uint32_t Status(uint32_t block) const;
  void SetStatus(uint32_t block, uint32_t status) const;
  // The block that was opened last: they are numbered, prb_open_block().
  uint32_t LastOpened() const;

 private:
  RingView(std::byte* memory, uint32_t block_size, uint32_t blocks)
      : memory_(memory), block_size_(block_size), blocks_(blocks) {}
  std::byte* memory_;
  uint32_t block_size_;
  uint32_t blocks_;
};

// Where the packet `number` of a block begins, in bytes; nullopt if the block does not say.
std::optional<size_t> FindPacket(std::span<const std::byte> block, uint32_t number);

// As the kernel would hand it over now (prb_close_block()): a block that it still fills, with the
// first `packets` in it.  Errors: kInternal if they are not in it.
Status CloseBlock(std::span<std::byte> block, uint32_t packets);

struct FullBlock {
  uint32_t index = 0;
  std::vector<std::byte> bytes;
};
struct RingContents {
  uint32_t head = 0;  // The block that the kernel fills next.
  std::vector<FullBlock> full;
};

// What belongs to the program, or would as soon as the kernel's timer fires.  Nobody may hand
// blocks back meanwhile.
Result<RingContents> ReadRing(const RingView& ring);

}  // namespace tardigrade::packet_socket

#endif  // PLUGINS_PACKET_SOCKET_RING_VIEW_H_
