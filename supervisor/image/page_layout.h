#ifndef SUPERVISOR_IMAGE_PAGE_LAYOUT_H_
#define SUPERVISOR_IMAGE_PAGE_LAYOUT_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/image/checksum.h"
#include "supervisor/image/page_file.h"

namespace tardigrade {

// Decides what goes where in a page file: drops zeroes, notes extents, checksums frames.  Writes
// nothing.
class PageLayout {
 public:
  PageLayout();

  // `data` holds `pieces` one after the other.  Returns the parts of it to be written at what
  // bytes() was before the call.
  std::vector<iovec> Add(const std::byte* data, std::span<const PagePiece> pieces);
  // Ends the last frame.
  void Finish();

  std::vector<PageExtent>& extents() { return extents_; }
  const std::vector<uint64_t>& frame_checksums() const { return frame_checksums_; }
  uint64_t bytes() const { return bytes_; }  // Size of the page file so far.

 private:
  void AddPiece(const std::byte* data, const PagePiece& piece, std::vector<iovec>& parts);
  void AddData(const std::byte* data, size_t bytes, std::vector<iovec>& parts);
  void AddExtent(uint64_t address, size_t bytes, uint32_t flags);
  void AddToFrames(std::span<const std::byte> bytes);

  const size_t page_bytes_;
  uint64_t bytes_ = 0;
  std::vector<PageExtent> extents_;
  ChecksumStream frame_;
  size_t frame_filled_ = 0;
  std::vector<uint64_t> frame_checksums_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_PAGE_LAYOUT_H_
