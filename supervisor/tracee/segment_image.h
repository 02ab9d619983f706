#ifndef SUPERVISOR_TRACEE_SEGMENT_IMAGE_H_
#define SUPERVISOR_TRACEE_SEGMENT_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocols/parasite_segment.h"
#include "supervisor/base/result.h"
#include "supervisor/tracee/arch/x86_64/way_home.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

// What the segment of a visit holds (protocols/parasite_segment.h): pure layout.  `threads`,
// `ways_home` and `programs` run in parallel.
class SegmentImage {
 public:
  SegmentImage(std::span<const FrozenThread> threads, std::span<const arch::WayHome> ways_home,
               std::span<const std::vector<uint64_t>> programs);

  size_t size_bytes() const { return size_bytes_; }  // Whole pages.

  // Writes all of it, but the segment's id and its owner, to `memory`, for a tracee that has it at
  // `base`.
  Status Fill(uint64_t base, std::span<std::byte> memory) const;

  static protocol::ParasiteHeader* Header(std::span<std::byte> memory);
  protocol::ParasiteSlot* Slot(std::span<std::byte> memory, size_t thread) const;
  uint64_t SlotOffset(size_t thread) const { return places_[thread].slot; }
  // The program of a thread, as the run left it.
  std::span<const std::byte> Program(std::span<std::byte> memory, size_t thread) const;

 private:
  // Offsets of the parts of a slot.
  struct Place {
    uint64_t slot, stack_top, frame, program, end;
  };
  Status FillSlot(size_t thread, uint64_t base, std::span<std::byte> memory) const;

  std::span<const FrozenThread> threads_;
  std::span<const arch::WayHome> ways_home_;
  std::span<const std::vector<uint64_t>> programs_;
  std::vector<Place> places_;
  size_t size_bytes_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_SEGMENT_IMAGE_H_
