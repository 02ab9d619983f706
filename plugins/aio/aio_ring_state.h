#ifndef PLUGINS_AIO_AIO_RING_STATE_H_
#define PLUGINS_AIO_AIO_RING_STATE_H_

#include <cstdint>
#include <span>

#include "supervisor/base/result.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"

namespace tardigrade::aio {

// struct aio_ring of fs/aio.c, the head of the mapping; struct io_event follow.
struct RingHeader {
  uint32_t id;    // Of the context among those of the process.
  uint32_t slots;
  uint32_t head;  // Slot of the oldest event not taken yet.
  uint32_t tail;  // Slot of the next event to come.
  uint32_t magic;
  uint32_t compatible;
  uint32_t incompatible;
  uint32_t header_bytes;
};
static_assert(sizeof(RingHeader) == 32);
inline constexpr uint64_t kEventBytes = 32;  // struct io_event
inline constexpr uint32_t kMaxSlots = 1 << 22;

struct AioRingState {
  uint32_t slots = 0;
  uint32_t head = 0;
  uint32_t tail = 0;
  Attachment events;  // Those not taken yet, oldest first.

  uint32_t waiting() const { return tail >= head ? tail - head : slots - (head - tail); }
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("slots", self.slots, Range<uint32_t>{2, kMaxSlots});
    visit("head", self.head, Range<uint32_t>{0, kMaxSlots});
    visit("tail", self.tail, Range<uint32_t>{0, kMaxSlots});
    visit("events", self.events);
  }
};

// Errors: kUnsupported if these `bytes` of a mapping do not begin with a ring that fills them.
Result<RingHeader> ParseRing(std::span<const std::byte> bytes);

// The slots of a ring of so many bytes, and the least io_setup(2) has to be asked for to get it.
uint32_t SlotsOf(uint64_t bytes);
uint32_t RequestsFor(uint64_t bytes);

}  // namespace tardigrade::aio

#endif  // PLUGINS_AIO_AIO_RING_STATE_H_
