#ifndef PLUGINS_REGULAR_FILE_FILE_IDENTITY_H_
#define PLUGINS_REGULAR_FILE_FILE_IDENTITY_H_

#include <cstdint>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"

namespace tardigrade::regular_file {

// By what a file is known again.
struct FileIdentity {
  uint64_t size = 0;     // Bytes.
  int64_t mtime_ns = 0;  // Since 1970.
  std::string build_id;  // Hex, of an ELF file that has one; else "".

  bool operator==(const FileIdentity&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("size", self.size, Range<uint64_t>{0, INT64_MAX});
    visit("mtime_ns", self.mtime_ns);
    visit("build_id", self.build_id, Range<size_t>{0, 128});
  }
};

// Of an open file; `with_build_id` needs one open for reading.
Result<FileIdentity> ReadIdentity(int local_fd, bool with_build_id);

// The GNU build-id note of an ELF file in hex; "" if it has none or is none.
std::string ReadBuildId(int local_fd);

// "was 12 bytes, modified 2024-..., now ...": for messages.
std::string DescribeChange(const FileIdentity& before, const FileIdentity& now);

}  // namespace tardigrade::regular_file

#endif  // PLUGINS_REGULAR_FILE_FILE_IDENTITY_H_
