#ifndef SUPERVISOR_TRACEE_SHARED_SEGMENT_H_
#define SUPERVISOR_TRACEE_SHARED_SEGMENT_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "supervisor/base/result.h"

namespace tardigrade {

// The upper half of the key of every segment made here: it tells them from others', also while they
// are still empty.
inline constexpr uint32_t kSegmentKeyPrefix = 0x74670000;
inline constexpr uint32_t kSegmentKeyPrefixMask = 0xffff0000;

// A System V shared memory segment, attached here.  Detaches, and removes the segment unless that
// has been done, when it is destroyed.
class SharedSegment {
 public:
  // `owner`: the effective user id of the tracee that is to attach it; the maker keeps its own
  // access (ipc/util.c, ipcperms()).
  static Result<SharedSegment> Create(size_t bytes, uid_t owner);

  SharedSegment(SharedSegment&& other) noexcept;
  SharedSegment& operator=(SharedSegment&&) = delete;
  ~SharedSegment();

  int id() const { return id_; }
  std::span<std::byte> memory() const { return memory_; }

 private:
  SharedSegment(int id, std::span<std::byte> memory) : id_(id), memory_(memory) {}

  int id_;
  std::span<std::byte> memory_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_SHARED_SEGMENT_H_
