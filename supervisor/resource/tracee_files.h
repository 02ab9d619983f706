#ifndef SUPERVISOR_RESOURCE_TRACEE_FILES_H_
#define SUPERVISOR_RESOURCE_TRACEE_FILES_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/memory_map.h"

namespace tardigrade {

// How /proc marks a path whose file has no such name any more.
inline constexpr const char* kDeletedSuffix = " (deleted)";

// `path` without kDeletedSuffix.
std::string WithoutDeletedSuffix(const std::string& path);

// A path the supervisor can use for what the tracee knows as `path`, provided that it still leads
// to the file with `stat`'s device and inode; else nullopt.  Tried in the tracee's root, then here.
std::optional<std::string> ReachTraceePath(pid_t pid, const std::string& path,
                                           const struct stat& stat);

// Where the file with `stat`'s device and inode, which was at `path` in the tracee, has another
// name in the same directory: as the tracee would know it.
std::optional<std::string> FindOtherName(pid_t pid, const std::string& path,
                                         const struct stat& stat);
std::optional<std::string> FindOtherName(pid_t pid, const MemoryMapping& mapping);

// The same as ReachTraceePath() for the file behind a mapping, by the device and inode maps shows.
// btrfs and overlayfs print others there than stat(2): where /proc/<pid>/map_files cannot be asked,
// a mapping of the file that is found is compared.
std::optional<std::string> ReachMappedPath(pid_t pid, const MemoryMapping& mapping);

// Opens the file behind a mapping for reading even if it has no name: by /proc/<pid>/map_files
// (CAP_CHECKPOINT_RESTORE), or by a descriptor of the process or its executable that is the same
// file. Errors: kUnsupported, with the way out.
Result<ScopedFd> OpenMappedFile(pid_t pid, const MemoryMapping& mapping);

// Whether a shared mapping's file was opened for writing, so that the mapping may become writable.
bool MappingMayWrite(pid_t pid, const MemoryMapping& mapping);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_TRACEE_FILES_H_
