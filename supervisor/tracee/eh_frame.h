#ifndef SUPERVISOR_TRACEE_EH_FRAME_H_
#define SUPERVISOR_TRACEE_EH_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tardigrade {

// An entry of the search table that .eh_frame_hdr would have, in its form.
struct FrameEntry {
  int32_t start = 0;  // Of the function, relative to .eh_frame.
  int32_t frame = 0;  // Of its frame description, likewise.
};
static_assert(sizeof(FrameEntry) == sizeof(uint64_t));

// Makes the search table of a module that was linked without one, as static programs are: lists
// the frame descriptions in `section`, the contents of an .eh_frame that lies at `address`, by
// function.  Nothing in it is trusted; what cannot be read is left out.
std::vector<FrameEntry> ListFrames(std::span<const std::byte> section, uint64_t address);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_EH_FRAME_H_
