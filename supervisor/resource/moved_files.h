#ifndef SUPERVISOR_RESOURCE_MOVED_FILES_H_
#define SUPERVISOR_RESOURCE_MOVED_FILES_H_

#include <map>
#include <string>

namespace tardigrade {

// Absolute paths at snapshot time, and where the same files are now: --set-file OLD=NEW.
using MovedFiles = std::map<std::string, std::string>;

// Where what was at `path` is now.  A directory that has moved takes along what was below it,
// unless that has moved by itself.
std::string MovedPath(const MovedFiles& moved, const std::string& path);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_MOVED_FILES_H_
