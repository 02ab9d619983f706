#include "plugins/io_uring/wind.h"

#include <algorithm>
#include <cstring>

#include "plugins/io_uring/ring_memory.h"

namespace tardigrade::io_uring {
namespace {

// Requests that do nothing, as many at a time as there is room for.
class Winder {
 public:
  Winder(int ring, const Shape& shape, const RingMemory& memory)
      : ring_(ring), entries_(shape.sq_entries), memory_(memory) {
    std::fill(memory.sqes().begin(), memory.sqes().end(), std::byte{0});
    if (shape.no_sq_array) return;
    for (uint32_t i = 0; i < entries_; ++i)
      memory.At(memory.params().sq_off.array + i * sizeof(uint32_t)).store(i);
  }

  Status Move(uint32_t count, bool with_completion) {
    for (uint32_t i = 0; i < entries_; ++i) memory_.Sqe(i) = Nothing(with_completion);
    const io_sqring_offsets& sq = memory_.params().sq_off;
    const io_cqring_offsets& cq = memory_.params().cq_off;
    while (count > 0) {
      const uint32_t batch = std::min(count, entries_);
      memory_.At(sq.tail).store(memory_.At(sq.head).load() + batch);
      const long done = Enter(ring_, batch);
      if (done < 0) return Error::Errno("moving the head of an io_uring instance");
      if (static_cast<uint32_t>(done) != batch)
        return Error(ErrorCode::kInternal,
                     "an io_uring instance took fewer requests than it was given");
      memory_.At(cq.head).store(memory_.At(cq.tail).load());
      count -= batch;
    }
    return Ok();
  }

 private:
  static io_uring_sqe Nothing(bool with_completion) {
    io_uring_sqe sqe = {};
    sqe.opcode = IORING_OP_NOP;
    sqe.flags = with_completion ? 0 : IOSQE_CQE_SKIP_SUCCESS;
    return sqe;
  }

  const int ring_;
  const uint32_t entries_;
  const RingMemory& memory_;
};

// What lies behind the counters, and the counters that the kernel only reads or adds to.
Status FillMemory(const RingState& state, const AttachmentReader& attachments,
                  const RingMemory& memory) {
  ASSIGN_OR_RETURN(const std::vector<std::byte> rings,
                   attachments.Get(state.rings, memory.rings().size()));
  ASSIGN_OR_RETURN(const std::vector<std::byte> sqes,
                   attachments.Get(state.sqes, memory.sqes().size()));
  if (rings.size() != memory.rings().size() || sqes.size() != memory.sqes().size())
    return Error(ErrorCode::kBadImage,
                 "io_uring.rings and sqes are not as large as the entries say");
  const io_sqring_offsets& sq = memory.params().sq_off;
  const io_cqring_offsets& cq = memory.params().cq_off;
  std::memcpy(memory.rings().data() + cq.cqes, rings.data() + cq.cqes, rings.size() - cq.cqes);
  std::memcpy(memory.sqes().data(), sqes.data(), sqes.size());
  memory.At(sq.dropped).store(state.sq_dropped);
  memory.At(cq.overflow).store(state.cq_overflow);
  memory.At(cq.flags).store(state.cq_flags);
  memory.At(cq.head).store(state.cq_head);
  memory.At(sq.tail).store(state.sq_tail);
  if (memory.At(sq.head).load() == state.sq_head && memory.At(cq.tail).load() == state.cq_tail)
    return Ok();
  return Error(ErrorCode::kInternal,
               "the head and tail of an io_uring instance are not where they should be");
}

}  // namespace

Status WindTo(const RingState& state, int ring, const AttachmentReader& attachments) {
  ASSIGN_OR_RETURN(const io_uring_params params, ParamsOf(state.shape));
  if (RingMemory::Offsets(params) != state.offsets || (state.features & ~params.features) != 0)
    return Error(ErrorCode::kUnsupported,
                 "an io_uring instance is laid out otherwise, or can do less, under this kernel; "
                 "restore under the one it was saved under");
  ASSIGN_OR_RETURN(const RingMemory memory, RingMemory::Map(ring, state.shape, params));
  Winder winder(ring, state.shape, memory);
  RETURN_IF_ERROR(winder.Move(state.cq_tail, /*with_completion=*/true));
  RETURN_IF_ERROR(winder.Move(state.sq_head - state.cq_tail, /*with_completion=*/false));
  return FillMemory(state, attachments, memory);
}

// Measured: a call takes about 0.6 us, a request 0.2 us.
uint64_t SecondsToWind(const RingState& state) {
  const uint64_t count = uint64_t{state.cq_tail} + (state.sq_head - state.cq_tail);
  return (count / 5 + count / state.shape.sq_entries * 3 / 5) / 1'000'000;
}

}  // namespace tardigrade::io_uring
