#ifndef SUPERVISOR_IMAGE_PAGE_FILE_H_
#define SUPERVISOR_IMAGE_PAGE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// A run of a process's pages and where its bytes are.  See protocols/page_map.h for the form in the image.
struct PageExtent {
  uint64_t address = 0;      // Page-aligned, in the tracee.
  uint64_t pages = 0;
  uint64_t file_offset = 0;  // Bytes into the page file, page-aligned.
  uint32_t flags = 0;        // protocol::kPageExtent*
};

// Writes page data in order.  Whole pages of zeroes are left out.  Checksums and disk writes happen
// on a thread of its own; memory use is bounded whatever the amount.
class PageFileWriter {
 public:
  virtual ~PageFileWriter() = default;

  // Lends a buffer of at least 1 MiB (page-aligned, hot) to read tracee memory into; waits until one is free.
  virtual Result<std::span<std::byte>> Buffer() = 0;
  // Queues the first `bytes` (a multiple of the page size) of the buffer lent last as the tracee's memory at `address`.
  virtual Status Commit(uint64_t address, size_t bytes, uint32_t flags) = 0;
  // Waits for all writes, writes the page map.
  virtual Status Close() = 0;
};

class PageFileReader {
 public:
  virtual ~PageFileReader() = default;
  // By address, not overlapping, all within the file.
  virtual std::span<const PageExtent> extents() const = 0;
  virtual int fd() const = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_PAGE_FILE_H_
