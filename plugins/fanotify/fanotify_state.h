#ifndef PLUGINS_FANOTIFY_FANOTIFY_STATE_H_
#define PLUGINS_FANOTIFY_FANOTIFY_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/kernel/fdinfo.h"
#include "supervisor/resource/find_inode.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::fanotify {

struct MarkState {
  uint32_t type = 0;   // FAN_MARK_INODE, FAN_MARK_MOUNT or FAN_MARK_FILESYSTEM.
  uint32_t flags = 0;  // FAN_MARK_EVICTABLE, FAN_MARK_IGNORE, FAN_MARK_IGNORED_SURV_MODIFY
  uint32_t mask = 0;   // FAN_*
  uint32_t ignored_mask = 0;
  std::string path;    // Of the mount or file system: a mount point.
  std::string object;  // Key of what has no path any more; then `path` is "".

  bool operator==(const MarkState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("type", self.type);
    visit("flags", self.flags);
    visit("mask", self.mask);
    visit("ignored_mask", self.ignored_mask);
    visit("path", self.path, Range<size_t>{0, 4096});
    visit("object", self.object, Range<size_t>{0, 256});
  }
};

struct FanotifyState {
  OpenFileState open;
  uint32_t init_flags = 0;    // As given to fanotify_init(2).
  uint32_t event_flags = 0;   // open(2) flags of what events are about.
  bool unprivileged = false;  // Made without CAP_SYS_ADMIN: no pids in events.
  std::vector<MarkState> marks;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("init_flags", self.init_flags);
    visit("event_flags", self.event_flags);
    visit("unprivileged", self.unprivileged);
    visit("marks", self.marks);
  }
};

// A mark as fdinfo shows it.
struct MarkLine {
  MarkState mark;         // Without path and object.
  InodeRef inode;         // Of FAN_MARK_INODE; of FAN_MARK_FILESYSTEM, its device alone.
  uint64_t mount_id = 0;  // Of FAN_MARK_MOUNT.
};

struct GroupLines {
  uint32_t init_flags = 0;
  uint32_t event_flags = 0;
  std::vector<MarkLine> marks;
};

// The "fanotify" lines of fdinfo: fs/notify/fdinfo.c.  Errors: kUnsupported for kinds of marks that
// this build does not know; kInternal for a line it cannot read.
Result<GroupLines> ParseFanotify(const FdInfo& info);

}  // namespace tardigrade::fanotify

#endif  // PLUGINS_FANOTIFY_FANOTIFY_STATE_H_
