#ifndef PLUGINS_FILESYSTEM_VIEW_FILESYSTEM_VIEW_STATE_H_
#define PLUGINS_FILESYSTEM_VIEW_FILESYSTEM_VIEW_STATE_H_

#include <climits>
#include <cstdint>
#include <string>

#include "supervisor/image/fields.h"

namespace tardigrade::filesystem_view {

struct FilesystemViewState {
  uint32_t umask = 0;
  std::string working_directory;  // Absolute.
  std::string object;             // Key of a RemovedDirectoryState; "" if it is there.
  std::string
      root_directory;  // Absolute, as are all paths: seen from the supervisor's.  "": the same.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("umask", self.umask, Range<uint32_t>{0, 0777});
    visit("working_directory", self.working_directory, Range<size_t>{1, PATH_MAX - 1});
    visit("object", self.object, Range<size_t>{0, 256});
    visit("root_directory", self.root_directory, Range<size_t>{0, PATH_MAX - 1});
  }
};

}  // namespace tardigrade::filesystem_view

#endif  // PLUGINS_FILESYSTEM_VIEW_FILESYSTEM_VIEW_STATE_H_
