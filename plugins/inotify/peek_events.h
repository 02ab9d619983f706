#ifndef PLUGINS_INOTIFY_PEEK_EVENTS_H_
#define PLUGINS_INOTIFY_PEEK_EVENTS_H_

#include "plugins/inotify/inotify_state.h"
#include "supervisor/base/result.h"

namespace tardigrade::inotify {

struct Peeked {
  std::vector<EventState> events;
  int32_t next_wd = 0;
};

// The unread events of the instance behind `local_fd`, which stay where they are: read(2) would
// take them, and nothing could put them back (see README.md), so they are looked at in the kernel's
// memory. Nobody may read them meanwhile.  Errors: kDenied without the privilege of KernelMemory;
// kUnsupported.
Result<Peeked> PeekEvents(int local_fd);

// FIONREAD: bytes that are unread.
Result<size_t> UnreadBytes(int local_fd);

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_PEEK_EVENTS_H_
