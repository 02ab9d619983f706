#ifndef PLUGINS_INOTIFY_INOTIFY_STATE_H_
#define PLUGINS_INOTIFY_INOTIFY_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/kernel/fdinfo.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::inotify {

// Watch descriptors beyond this are refused: each number below is used and given up at restore.
inline constexpr int32_t kHighestWatch = 1 << 20;

struct WatchState {
  int32_t wd = 0;
  uint32_t mask = 0;  // IN_*
  std::string path;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("wd", self.wd, Range<int32_t>{1, kHighestWatch});
    visit("mask", self.mask);
    visit("path", self.path, Range<size_t>{1, 4096});
  }
};

struct InotifyState {
  OpenFileState open;
  std::vector<WatchState> watches;  // By wd.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("watches", self.watches);
  }
};

// A watch as fdinfo shows it: by inode, not by name.
struct WatchLine {
  int32_t wd = 0;
  uint64_t inode = 0;
  uint64_t device = 0;  // As stat(2) has it.
  uint32_t mask = 0;
  int handle_type = 0;
  std::vector<uint8_t> handle;  // For open_by_handle_at(2); empty if the file system has none.
};

// The "inotify" lines of fdinfo, by wd.  fs/notify/fdinfo.c.  Errors: kInternal for a line it
// cannot read.
Result<std::vector<WatchLine>> ParseInotify(const FdInfo& info);

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_INOTIFY_STATE_H_
