#include "plugins/io_uring/in_flight.h"

#include <algorithm>
#include <cerrno>
#include <set>

namespace tardigrade::io_uring {
namespace {

Error Busy(std::string_view what) {
  return Error::Syscall(
      ErrorCode::kUnsupported, EBUSY,
      StrCat("an io_uring instance ", what,
             ", which cannot be saved; try again when the program waits for nothing there"));
}

// A request of several completions says of all but the last that there are more.
bool AwaitsMore(const RingInfo& info, const RingMemory& memory) {
  std::set<uint64_t> ended;
  const uint32_t known = std::min(info.cached_cq_tail, info.cq_entries);
  for (uint32_t age = 1; age <= known; ++age) {
    const Completion completion = memory.Cqe((info.cached_cq_tail - age) & (info.cq_entries - 1));
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
      ended.insert(completion.user_data);
    } else if (!ended.contains(completion.user_data)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Status CheckIdle(const RingInfo& info, const RingMemory& memory) {
  if (info.polls != 0) return Busy("waits for files to become ready");
  if (info.overflown != 0 ||
      (memory.At(memory.params().sq_off.flags).load() & IORING_SQ_CQ_OVERFLOW) != 0)
    return Busy("has completions that found no room");
  const uint32_t taken = info.cached_sq_head - memory.At(memory.params().sq_off.dropped).load();
  const uint32_t completed =
      info.cached_cq_tail + memory.At(memory.params().cq_off.overflow).load();
  if (info.sq_head != info.cached_sq_head || info.cq_tail != info.cached_cq_tail)
    return Busy("is at work");
  if (taken != completed)
    return Busy(StrCat("has taken ", taken, " requests and completed ", completed,
                       ", so that some are in flight (or not to be told "
                       "from those without a completion, or with several)"));
  if (AwaitsMore(info, memory)) return Busy("has a request that completes more than once");
  return Ok();
}

Status CheckSubmissions(const RingInfo& info, const RingMemory& memory) {
  for (uint32_t i = 0; i < info.sq_entries; ++i) {
    const io_uring_sqe& sqe = memory.Sqe(i);
    if (sqe.personality != 0)
      return Error(ErrorCode::kUnsupported,
                   "an io_uring instance has registered credentials (IORING_REGISTER_PERSONALITY), "
                   "which the "
                   "kernel does not show; let the program go without");
    if ((sqe.flags & IOSQE_BUFFER_SELECT) != 0)
      return Error(ErrorCode::kUnsupported,
                   "an io_uring instance has provided buffers (IOSQE_BUFFER_SELECT), whose "
                   "addresses the kernel "
                   "does not show; let the program go without");
  }
  return Ok();
}

}  // namespace tardigrade::io_uring
