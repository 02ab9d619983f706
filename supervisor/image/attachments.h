#ifndef SUPERVISOR_IMAGE_ATTACHMENTS_H_
#define SUPERVISOR_IMAGE_ATTACHMENTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"

namespace tardigrade {

// Bytes that a document refers to: they live in the image's data.bin, never in JSON.
struct Attachment {
  uint64_t offset = 0;    // Bytes into data.bin.
  uint64_t size = 0;      // Bytes.
  uint64_t checksum = 0;  // XXH3-64 of the bytes.

  bool operator==(const Attachment&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("offset", self.offset);
    visit("size", self.size);
    visit("checksum", self.checksum);
  }
};

// A run of a sparse file's data; what lies between runs is a hole.
struct ContentExtent {
  uint64_t file_offset = 0;  // Bytes.
  Attachment data;

  bool operator==(const ContentExtent&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("file_offset", self.file_offset);
    visit("data", self.data);
  }
};

// The contents of a whole file, holes left out.
struct FileContents {
  uint64_t size = 0;  // Bytes; may end in a hole.
  std::vector<ContentExtent> extents;

  bool operator==(const FileContents&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("size", self.size);
    visit("extents", self.extents);
  }
};

class AttachmentWriter {
 public:
  virtual ~AttachmentWriter() = default;
  virtual Result<Attachment> Put(std::span<const std::byte> bytes) = 0;
  // Copies what `local_fd` holds now (lseek SEEK_DATA/SEEK_HOLE, pread); its file offset is
  // kept.  Memory use is bounded whatever the size.
  virtual Result<FileContents> PutFile(int local_fd) = 0;
};

class AttachmentReader {
 public:
  virtual ~AttachmentReader() = default;
  // Errors: kBadImage if it lies outside data.bin, is larger than `max_bytes`, or its checksum differs.
  virtual Result<std::vector<std::byte>> Get(const Attachment& attachment, uint64_t max_bytes) const = 0;
  // Makes `local_fd` hold exactly `contents`: ftruncate and pwrite of each run.
  virtual Status FillFile(const FileContents& contents, int local_fd) const = 0;
  // Whether `local_fd`, open for reading, holds exactly `contents`; holes are zeros.
  virtual Result<bool> HasContents(const FileContents& contents, int local_fd) const = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_ATTACHMENTS_H_
