#include "plugins/io_uring/ring_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <utility>

namespace tardigrade::io_uring {
namespace {

// Of flags that show nowhere, those are set without which a program that was made with them could
// go wrong, and with which one that was made without goes on as before: see README.md.
uint32_t SetupFlags(const Shape& shape) {
  uint32_t flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;
  if (shape.large_sqes) flags |= IORING_SETUP_SQE128;
  if (shape.large_cqes) flags |= IORING_SETUP_CQE32;
  if (shape.no_sq_array) flags |= kSetupNoSqArray;
  if (shape.single_issuer) flags |= kSetupSingleIssuer | IORING_SETUP_R_DISABLED;
  if (shape.defers_work) flags |= kSetupDeferTaskrun | IORING_SETUP_TASKRUN_FLAG;
  return flags;
}

Result<std::span<std::byte>> MapAt(int local_fd, uint64_t offset, size_t bytes) {
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, local_fd,
                        static_cast<off_t>(offset));
  if (at != MAP_FAILED) return std::span(static_cast<std::byte*>(at), bytes);
  if (errno == EINVAL)
    return Error(ErrorCode::kUnsupported,
                 "an io_uring instance has its rings in the program's own memory "
                 "(IORING_SETUP_NO_MMAP), which cannot be "
                 "saved; let the program set it up without");
  return Error::Errno("mapping the memory of an io_uring instance");
}

}  // namespace

Result<ScopedFd> MakeRing(const Shape& shape, io_uring_params& params) {
  params = {};
  params.flags = SetupFlags(shape);
  params.cq_entries = shape.cq_entries;
  ScopedFd ring(Setup(shape.sq_entries, params));
  if (!ring.valid() && errno == EINVAL)
    return Error(
        ErrorCode::kUnsupported,
        "this kernel makes no io_uring instance of the kind the job has; restore where it does");
  if (!ring.valid())
    return Error::Errno("making an io_uring instance of ", shape.sq_entries,
                        " entries (kernel.io_uring_disabled, RLIMIT_MEMLOCK)");
  if (params.sq_entries != shape.sq_entries || params.cq_entries != shape.cq_entries)
    return Error(ErrorCode::kBadImage,
                 "an io_uring instance's numbers of entries are not powers of two");
  return ring;
}

Result<io_uring_params> ParamsOf(const Shape& shape) {
  io_uring_params params = {};
  RETURN_IF_ERROR(MakeRing(shape, params));
  return params;
}

RingMemory::~RingMemory() {
  if (!rings_.empty()) munmap(rings_.data(), rings_.size());
  if (!sqes_.empty()) munmap(sqes_.data(), sqes_.size());
}

RingMemory::RingMemory(RingMemory&& other) noexcept
    : params_(other.params_),
      rings_(std::exchange(other.rings_, {})),
      sqes_(std::exchange(other.sqes_, {})),
      sqe_bytes_(other.sqe_bytes_),
      cqe_bytes_(other.cqe_bytes_) {}

Result<RingMemory> RingMemory::MapRings(int local_fd, const Shape& shape,
                                        const io_uring_params& params) {
  RingMemory memory;
  memory.params_ = params;
  memory.sqe_bytes_ = shape.large_sqes ? 128 : 64;
  memory.cqe_bytes_ = shape.large_cqes ? 32 : 16;
  const size_t end = shape.no_sq_array ? params.cq_off.cqes + shape.cq_entries * memory.cqe_bytes_
                                       : params.sq_off.array + shape.sq_entries * sizeof(uint32_t);
  ASSIGN_OR_RETURN(memory.rings_, MapAt(local_fd, IORING_OFF_SQ_RING, end));
  return memory;
}

Result<RingMemory> RingMemory::Map(int local_fd, const Shape& shape,
                                   const io_uring_params& params) {
  ASSIGN_OR_RETURN(RingMemory memory, MapRings(local_fd, shape, params));
  ASSIGN_OR_RETURN(memory.sqes_,
                   MapAt(local_fd, IORING_OFF_SQES, shape.sq_entries * memory.sqe_bytes_));
  return memory;
}

std::array<uint32_t, 14> RingMemory::Offsets(const io_uring_params& params) {
  const io_sqring_offsets& sq = params.sq_off;
  const io_cqring_offsets& cq = params.cq_off;
  return {sq.head, sq.tail, sq.ring_mask, sq.ring_entries, sq.flags,    sq.dropped, sq.array,
          cq.head, cq.tail, cq.ring_mask, cq.ring_entries, cq.overflow, cq.cqes,    cq.flags};
}

Completion RingMemory::Cqe(uint32_t index) const {
  Completion cqe;
  std::memcpy(&cqe, rings_.data() + params_.cq_off.cqes + index * cqe_bytes_, sizeof(cqe));
  return cqe;
}

}  // namespace tardigrade::io_uring
