#include "plugins/aio/aio_ring_state.h"

#include <algorithm>
#include <cstring>

namespace tardigrade::aio {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint32_t kMagic = 0xa10a10a1;  // AIO_RING_MAGIC, fs/aio.c.

}  // namespace

uint32_t SlotsOf(uint64_t bytes) { return static_cast<uint32_t>((bytes - sizeof(RingHeader)) / kEventBytes); }

// fs/aio.c, ioctx_alloc() and aio_setup_ring(): twice the number and two more events, in whole pages.
uint32_t RequestsFor(uint64_t bytes) {
  const uint64_t pages = bytes / kPage;
  constexpr uint64_t kEventsPerPage = kPage / kEventBytes;
  return pages <= 1 ? 1 : static_cast<uint32_t>((pages - 1) * kEventsPerPage / 2 - 1);
}

Result<RingHeader> ParseRing(std::span<const std::byte> bytes) {
  RingHeader ring = {};
  if (bytes.size() >= kPage) std::memcpy(&ring, bytes.data(), sizeof(ring));
  if (ring.magic != kMagic || ring.incompatible != 0 || ring.header_bytes != sizeof(RingHeader) ||
      ring.slots != SlotsOf(bytes.size()) || ring.slots > kMaxSlots || ring.head >= ring.slots || ring.tail >= ring.slots)
    return Error(ErrorCode::kUnsupported,
                 "the ring of an asynchronous I/O context (io_setup) is not as the kernel made it; restart the job");
  return ring;
}

}  // namespace tardigrade::aio
