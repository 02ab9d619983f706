#ifndef PLUGINS_REGULAR_FILE_REGULAR_FILE_STATE_H_
#define PLUGINS_REGULAR_FILE_REGULAR_FILE_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/regular_file/file_attributes.h"
#include "plugins/regular_file/file_identity.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/file_locks.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::regular_file {

struct RegularFileState {
  OpenFileState open;
  std::string path;
  uint64_t offset = 0;  // Bytes.
  // Absent for files whose size and time say nothing: those of /proc, /sys, cgroups.
  std::optional<FileIdentity> identity;
  bool written_by_job = false;  // Through this description or another one.
  std::string object;           // Key of a DeletedFileState; "" if the file has its name.
  std::string copy;             // Key of a SavedFileState; "" if the image has none.
  std::vector<FileLock> locks;
  Lease lease = Lease::kNone;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("path", self.path, Range<size_t>{1, 4096});
    visit("offset", self.offset, Range<uint64_t>{0, INT64_MAX});
    visit("identity", self.identity);
    visit("written_by_job", self.written_by_job);
    visit("object", self.object, Range<size_t>{0, 256});
    visit("copy", self.copy, Range<size_t>{0, 256});
    visit("locks", self.locks);
    visit("lease", self.lease);
  }
};

// A file that is open or mapped, and has no name.
struct DeletedFileState {
  std::string key;        // Its own.
  std::string directory;  // Where it was.
  FileContents contents;
  FileAttributes attributes;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("key", self.key, Range<size_t>{1, 256});
    visit("directory", self.directory, Range<size_t>{1, 4096});
    visit("contents", self.contents);
    visit("attributes", self.attributes);
  }
};

// A file with a name, and a copy of it.
struct SavedFileState {
  std::string path;
  FileIdentity identity;
  FileContents contents;
  FileAttributes attributes;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("path", self.path, Range<size_t>{1, 4096});
    visit("identity", self.identity);
    visit("contents", self.contents);
    visit("attributes", self.attributes);
  }
};

// What is behind a mapping of a file.
struct FileMappingState {
  std::string path;
  FileIdentity identity;
  uint64_t bytes_needed = 0;  // The file must be at least this long.
  bool shared = false;
  bool writable = false;  // Shared, of a file that was opened for writing.
  std::string object;     // As RegularFileState's.
  std::string copy;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("path", self.path, Range<size_t>{1, 4096});
    visit("identity", self.identity);
    visit("bytes_needed", self.bytes_needed);
    visit("shared", self.shared);
    visit("writable", self.writable);
    visit("object", self.object, Range<size_t>{0, 256});
    visit("copy", self.copy, Range<size_t>{0, 256});
  }
};

}  // namespace tardigrade::regular_file

#endif  // PLUGINS_REGULAR_FILE_REGULAR_FILE_STATE_H_
