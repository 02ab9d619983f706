#ifndef PLUGINS_IO_URING_RING_INFO_H_
#define PLUGINS_IO_URING_RING_INFO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade::io_uring {

// What fdinfo shows of a ring.  io_uring/fdinfo.c, __io_uring_show_fdinfo(), as of Linux 6.18.
struct RingInfo {
  struct Buffer {
    uint64_t address = 0;
    uint64_t bytes = 0;  // 0: the slot is empty.
    bool operator==(const Buffer&) const = default;
  };

  uint32_t sq_entries = 0, cq_entries = 0;
  uint32_t sq_head = 0, sq_tail = 0, cq_head = 0,
           cq_tail = 0;                             // As in the rings, where the job can write.
  uint32_t cached_sq_head = 0, cached_cq_tail = 0;  // What the kernel goes by.
  bool has_sq_thread = false;
  uint32_t shown_sqes = 0, shown_cqes = 0;        // Lines of each list.
  bool large_sqes = false;                        // They show the further half of SQE128.
  bool large_cqes = false;                        // CQE32
  std::vector<std::optional<std::string>> files;  // Paths, escaped; by slot.
  std::vector<Buffer> buffers;
  uint32_t polls = 0;
  uint32_t overflown = 0;
  bool has_personalities = false;  // Not shown by newer kernels.
  bool busy_polls = false;         // NAPI
};

// Errors: kUnsupported if the ring was in use (the kernel shows nothing then: EBUSY) or a line is
// missing that matters; kInternal for one that cannot be read.
Result<RingInfo> ParseRingInfo(std::string_view text);

// Of a descriptor of this process.  Tries again for a while if the ring is in use.
Result<RingInfo> ReadRingInfo(int local_fd);

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_RING_INFO_H_
