#ifndef SUPERVISOR_IMAGE_PAGE_FILE_H_
#define SUPERVISOR_IMAGE_PAGE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// A run of a process's pages and where its bytes are.  See protocols/page_map.h for the form in the
// image.
struct PageExtent {
  uint64_t address = 0;  // Page-aligned, in the tracee.
  uint64_t pages = 0;
  uint64_t file_offset = 0;  // Bytes into the page file, page-aligned.
  uint32_t flags = 0;        // protocol::kPageExtent*
};

// A run of the tracee's memory within a buffer.
struct PagePiece {
  uint64_t address = 0;  // Page-aligned, in the tracee.
  uint64_t bytes = 0;    // A multiple of the page size.
  uint32_t flags = 0;    // protocol::kPageExtent*
};

// Writes page data in order.  Whole pages of zeroes are left out, except under
// protocol::kPageExtentFileBacked, where a page that is left out means the file's page.  Checksums
// and disk writes happen on a thread of its own; memory use is bounded whatever the amount.
class PageFileWriter {
 public:
  virtual ~PageFileWriter() = default;

  // Lends a buffer of at least 1 MiB (page-aligned, hot) to read tracee memory into; waits until
  // one is free.
  virtual Result<std::span<std::byte>> Buffer() = 0;
  // Queues the first `bytes` (a multiple of the page size) of the buffer lent last as the tracee's
  // memory at `address`.
  virtual Status Commit(uint64_t address, size_t bytes, uint32_t flags) = 0;
  // The same for a buffer that holds many runs one after the other, as lists of tiny mappings do.
  virtual Status CommitPieces(std::span<const PagePiece> pieces) {
    if (pieces.size() == 1) return Commit(pieces[0].address, pieces[0].bytes, pieces[0].flags);
    return Error(ErrorCode::kInternal, "this writer takes one run per buffer");
  }
  // Waits for all writes, writes the page map.  Errors: also those of earlier writes.
  virtual Status Close() = 0;
};

class PageFileReader {
 public:
  virtual ~PageFileReader() = default;
  // By address, not overlapping, all within the file.
  virtual std::span<const PageExtent> extents() const = 0;
  virtual int fd() const = 0;
  // XXH3-64 of each protocol::kPageFrameBytes of the page file, to check what is read against.
  virtual std::span<const uint64_t> frame_checksums() const { return {}; }
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_PAGE_FILE_H_
