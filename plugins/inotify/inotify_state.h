#ifndef PLUGINS_INOTIFY_INOTIFY_STATE_H_
#define PLUGINS_INOTIFY_INOTIFY_STATE_H_

#include <sys/inotify.h>

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/kernel/fdinfo.h"
#include "supervisor/resource/find_inode.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::inotify {

struct WatchState {
  int32_t wd = 0;
  uint32_t mask = 0;  // IN_*
  std::string path;
  std::string object;  // Key of what has no path any more; then `path` is "".

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("wd", self.wd, Range<int32_t>{1, INT32_MAX});
    visit("mask", self.mask);
    visit("path", self.path, Range<size_t>{0, 4096});
    visit("object", self.object, Range<size_t>{0, 256});
  }
};

// As read(2) gives it.
struct EventState {
  int32_t wd = 0;  // -1 with IN_Q_OVERFLOW.
  uint32_t mask = 0;
  uint32_t cookie = 0;
  std::string name;  // "" of what is watched itself.

  bool operator==(const EventState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("wd", self.wd, Range<int32_t>{-1, INT32_MAX});
    visit("mask", self.mask);
    visit("cookie", self.cookie);
    visit("name", self.name, Range<size_t>{0, 255});
  }
};

struct InotifyState {
  OpenFileState open;
  std::vector<WatchState> watches;  // By wd.
  std::vector<EventState> events;   // Unread, oldest first.
  int32_t next_wd = 0;              // What the next watch will get; 0: not known.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("watches", self.watches);
    visit("events", self.events);
    visit("next_wd", self.next_wd, Range<int32_t>{0, INT32_MAX});
  }
};

// A watch as fdinfo shows it.
struct WatchLine {
  int32_t wd = 0;
  uint32_t mask = 0;
  InodeRef inode;
};

// The "inotify" lines of fdinfo, by wd.  fs/notify/fdinfo.c.  Errors: kInternal for a line it
// cannot read.
Result<std::vector<WatchLine>> ParseInotify(const FdInfo& info);

// What an event takes in a read(2): bytes, with the name padded.  fs/notify/inotify/inotify_user.c,
// round_event_name_len().
inline size_t ReadBytes(const EventState& event) {
  const size_t name = event.name.empty() ? 0 : event.name.size() + 1;
  return sizeof(inotify_event) +
         (name + sizeof(inotify_event) - 1) / sizeof(inotify_event) * sizeof(inotify_event);
}

// What FIONREAD says of them all.
inline size_t ReadBytes(const std::vector<EventState>& events) {
  size_t bytes = 0;
  for (const EventState& event : events) bytes += ReadBytes(event);
  return bytes;
}

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_INOTIFY_STATE_H_
