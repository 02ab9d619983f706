#ifndef SUPERVISOR_IMAGE_IMAGE_TARGET_H_
#define SUPERVISOR_IMAGE_IMAGE_TARGET_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "supervisor/base/result.h"

namespace tardigrade {

// A file of an image being written.
class OutputFile {
 public:
  virtual ~OutputFile() = default;

  // All of `parts`, one after the other, at `offset`; `parts` are used up.  Several threads at once, in any
  // order, but never the same range twice; without gaps in the end.
  virtual Status Write(std::span<iovec> parts, uint64_t offset) = 0;
  Status Write(std::span<const std::byte> bytes, uint64_t offset) {
    iovec part = {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    return Write(std::span(&part, 1), offset);
  }

  // See PageFileWriter.
  virtual void Reserve(uint64_t bytes) { (void)bytes; }
  virtual void WriteBehind() {}
  // It has so many bytes, and is to get no more.
  virtual Status Finish(uint64_t bytes) {
    (void)bytes;
    return Ok();
  }
};

// Where the files of an image go: a directory, or another machine.
class ImageTarget {
 public:
  virtual ~ImageTarget() = default;
  virtual Result<std::unique_ptr<OutputFile>> CreateFile(const std::string& name) = 0;
  // All files are there: makes the image whole.
  virtual Status Publish() = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_IMAGE_TARGET_H_
