#ifndef PLUGINS_IO_URING_RING_MEMORY_H_
#define PLUGINS_IO_URING_RING_MEMORY_H_

#include <linux/io_uring.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "plugins/io_uring/io_uring_state.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::io_uring {

// What the kernel tells who sets up an instance of this shape, of one that is made for that and
// closed again.
Result<io_uring_params> ParamsOf(const Shape& shape);

// Makes an instance: IORING_SETUP_R_DISABLED if it has a single issuer.
Result<ScopedFd> MakeRing(const Shape& shape, io_uring_params& params);

// struct io_uring_cqe, without what CQE32 adds.
struct Completion {
  uint64_t user_data;
  int32_t result;
  uint32_t flags;
};

// An instance's memory, mapped here as well: what is written to it, the job sees.
class RingMemory {
 public:
  RingMemory() = default;
  ~RingMemory();
  RingMemory(RingMemory&& other) noexcept;
  RingMemory& operator=(RingMemory&&) = delete;

  // Errors: kUnsupported if it cannot be mapped (IORING_SETUP_NO_MMAP).
  static Result<RingMemory> Map(int local_fd, const Shape& shape, const io_uring_params& params);
  // The rings alone, of which the shape may ask for a part.  Of entries the kernel maps all or nothing.
  static Result<RingMemory> MapRings(int local_fd, const Shape& shape,
                                     const io_uring_params& params);

  // Where what is, in bytes: of the SQ, then of the CQ, in the order of struct io_uring_params.
  static std::array<uint32_t, 14> Offsets(const io_uring_params& params);

  // A number of the rings' beginning, such as params.sq_off.tail.
  std::atomic_ref<uint32_t> At(uint32_t offset) const {
    return std::atomic_ref<uint32_t>(*reinterpret_cast<uint32_t*>(rings_.data() + offset));
  }
  const io_uring_params& params() const { return params_; }
  std::span<std::byte> rings() const { return rings_; }
  std::span<std::byte> sqes() const { return sqes_; }
  size_t sqe_bytes() const { return sqe_bytes_; }
  Completion Cqe(uint32_t index) const;
  io_uring_sqe& Sqe(uint32_t index) const {
    return *reinterpret_cast<io_uring_sqe*>(sqes_.data() + index * sqe_bytes_);
  }

 private:
  io_uring_params params_ = {};
  std::span<std::byte> rings_;
  std::span<std::byte> sqes_;
  size_t sqe_bytes_ = 64;
  size_t cqe_bytes_ = 16;
};

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_RING_MEMORY_H_
