#ifndef SUPERVISOR_IMAGE_PAGE_SINK_H_
#define SUPERVISOR_IMAGE_PAGE_SINK_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/checksum.h"
#include "supervisor/image/page_file.h"

namespace tardigrade {

// The emptying end of a page file: drops zeroes, checksums, writes, and notes what is where.
// Data is looked at while it is in the processor's cache and passes to the kernel from there.
class PageSink {
 public:
  explicit PageSink(int pages_fd);

  // `data` holds `pieces` one after the other; not used after return.
  Status Write(const std::byte* data, std::span<const PagePiece> pieces);
  // Ends the last frame.
  void Finish();

  std::vector<PageExtent>& extents() { return extents_; }
  const std::vector<uint64_t>& frame_checksums() const { return frame_checksums_; }
  uint64_t bytes() const { return bytes_; }

 private:
  Status WritePiece(const std::byte* data, const PagePiece& piece);
  Status Append(const std::byte* data, size_t bytes);
  Status Flush();
  void AddExtent(uint64_t address, size_t bytes, uint32_t flags);
  void AddToFrames(std::span<const std::byte> bytes);

  const int fd_;
  const size_t page_bytes_;
  std::vector<iovec> queued_;
  size_t queued_bytes_ = 0;
  uint64_t bytes_ = 0;  // Written or queued.
  std::vector<PageExtent> extents_;
  ChecksumStream frame_;
  size_t frame_filled_ = 0;
  std::vector<uint64_t> frame_checksums_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_PAGE_SINK_H_
