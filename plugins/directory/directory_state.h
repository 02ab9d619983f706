#ifndef PLUGINS_DIRECTORY_DIRECTORY_STATE_H_
#define PLUGINS_DIRECTORY_DIRECTORY_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/image/fields.h"
#include "supervisor/resource/file_locks.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::directory {

// A directory, or anything that was opened with O_PATH.
struct DirectoryState {
  OpenFileState open;
  std::string path;
  std::string object;   // Key of a RemovedDirectoryState; "" if it is there.
  uint32_t type = 0;    // S_IFMT bits.
  uint64_t offset = 0;  // As the file system counts (telldir); 0 for O_PATH.
  std::vector<FileLock> locks;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("path", self.path, Range<size_t>{1, 4096});
    visit("object", self.object, Range<size_t>{0, 256});
    visit("type", self.type, Range<uint32_t>{0, 0170000});
    visit("offset", self.offset, Range<uint64_t>{0, INT64_MAX});
    visit("locks", self.locks);
  }
};

}  // namespace tardigrade::directory

#endif  // PLUGINS_DIRECTORY_DIRECTORY_STATE_H_
