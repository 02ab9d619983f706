#ifndef SUPERVISOR_IMAGE_PAGE_FILE_H_
#define SUPERVISOR_IMAGE_PAGE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocols/page_map.h"
#include "supervisor/base/result.h"

namespace tardigrade {

// A run of a process's pages and where its bytes are.  See protocols/page_map.h for the form in the
// image.
struct PageExtent {
  uint64_t address = 0;  // Page-aligned, in the tracee.
  uint64_t pages = 0;
  uint64_t file_offset = 0;  // Bytes into the page file, page-aligned.
  uint32_t flags = 0;        // protocol::kPageExtent*

  // The parent's pages: nothing of them is in the page file.
  bool is_parents() const { return (flags & protocol::kPageExtentSameAsParent) != 0; }
};

// A run of the tracee's memory within a buffer.
struct PagePiece {
  uint64_t address = 0;  // Page-aligned, in the tracee.
  uint64_t bytes = 0;    // A multiple of the page size.
  uint32_t flags = 0;    // protocol::kPageExtent*
};

// Writes page data.  Whole pages of zeroes are left out, except under
// protocol::kPageExtentFileBacked, where a page that is left out means the file's page.  Data goes
// into the file in the order of the calls.
class PageFileWriter {
 public:
  // Fits the second-level cache, so that what was read into a buffer of this size is checksummed
  // and written from there.  Not larger: a file system that keeps what was written at once in one
  // piece of memory then looks for memory that is in no cache.
  static constexpr size_t kBufferBytes = size_t{256} << 10;

  virtual ~PageFileWriter() = default;

  // Writes `data`, which holds `pieces` one after the other.  Several threads may do this at once:
  // the calls' data follow each other in any order.  Errors: kSystem, of the write.
  virtual Status Write(std::span<const std::byte> data, std::span<const PagePiece> pieces) = 0;
  Status Write(std::span<const std::byte> data, uint64_t address, uint32_t flags) {
    const PagePiece piece{.address = address, .bytes = data.size(), .flags = flags};
    return Write(data, {&piece, 1});
  }
  // Notes pages that the parent has as well (protocol::kPageExtentSameAsParent among `flags`), which
  // have no data here.
  virtual Status Refer(uint64_t address, uint64_t pages, uint32_t flags) = 0;
  // About so much is going to be written.  Finding room takes time, in memory file systems a third of
  // that of writing: do it while nobody waits.  Best effort; what is too much goes with Close().
  virtual void Reserve(uint64_t bytes) { (void)bytes; }
  // From now on, has data go to the disk while more is written: the whole is durable sooner, but each
  // write may have to wait for the disk.
  virtual void WriteBehind() {}
  // Writes the page map.  No thread writes any more.
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
