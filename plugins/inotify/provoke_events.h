#ifndef PLUGINS_INOTIFY_PROVOKE_EVENTS_H_
#define PLUGINS_INOTIFY_PROVOKE_EVENTS_H_

#include <span>

#include "plugins/inotify/inotify_state.h"
#include "supervisor/base/result.h"

namespace tardigrade::inotify {

// Puts these events into the queue of the instance `fd`, which is new (no events, no watches) and
// O_NONBLOCK: it has no watches after it either.  All but the cookies is as given; who had the same
// cookie has so again.  See README.md.  Errors: kBadImage; kUnsupported if they do not fit into
// fs.inotify.max_queued_events here; kSystem.
Status ProvokeEvents(int fd, std::span<const EventState> events);

// The next watch of `fd` gets this number.  INOTIFY_IOC_SETNEXTWD, CONFIG_CHECKPOINT_RESTORE.
Status SetNextWatch(int fd, int32_t wd);

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_PROVOKE_EVENTS_H_
