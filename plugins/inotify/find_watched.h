#ifndef PLUGINS_INOTIFY_FIND_WATCHED_H_
#define PLUGINS_INOTIFY_FIND_WATCHED_H_

#include <span>
#include <string>

#include "plugins/inotify/inotify_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inotify {

// The path of what a watch is on.  The kernel tells only the inode: open_by_handle_at(2) finds it
// for root (CAP_DAC_READ_SEARCH); else it is looked for where the process is: its working
// directory, its open files, the directories above them, and what these hold.  Errors:
// kUnsupported, with the way out.
Result<std::string> FindWatched(const WatchLine& watch, const FdFacts& file,
                                std::span<const FdFacts> all);

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_FIND_WATCHED_H_
