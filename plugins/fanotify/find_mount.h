#ifndef PLUGINS_FANOTIFY_FIND_MOUNT_H_
#define PLUGINS_FANOTIFY_FIND_MOUNT_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace tardigrade::fanotify {

// Where the mount with this number is, as process `pid` sees it; "" if it is not found, or covered
// by another one.
std::string FindMount(uint64_t mount_id, pid_t pid);

// Whether a mount begins at `path`.
bool IsMountPoint(const std::string& path);

}  // namespace tardigrade::fanotify

#endif  // PLUGINS_FANOTIFY_FIND_MOUNT_H_
