#ifndef PLUGINS_FANOTIFY_UNREAD_EVENTS_H_
#define PLUGINS_FANOTIFY_UNREAD_EVENTS_H_

#include <cstddef>

#include "supervisor/base/result.h"

namespace tardigrade::fanotify {

// How many unread events the group behind `local_fd` has that are not about what the caller did
// itself. Where the kernel's memory may not be looked at, all count.
Result<size_t> CountUnread(int local_fd);

// Whether the caller has CAP_SYS_ADMIN in the first user namespace, which takes making a group that
// does not report handles: fanotify_init().
bool MayMakeAnyGroup();

// Whether it was made without CAP_SYS_ADMIN: FANOTIFY_UNPRIV, which fdinfo leaves out.  `flags` are
// those of fanotify_init(2).  Errors: kUnsupported where it cannot be known.
Result<bool> IsUnprivileged(int local_fd, uint32_t flags);

}  // namespace tardigrade::fanotify

#endif  // PLUGINS_FANOTIFY_UNREAD_EVENTS_H_
