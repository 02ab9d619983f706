#include "plugins/fanotify/find_mount.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <sstream>

#include "supervisor/base/file_io.h"

namespace tardigrade::fanotify {

std::string FindMount(uint64_t mount_id, pid_t pid) {
  const Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/mountinfo"));
  std::istringstream lines(text.has_value() ? text.value() : "");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    uint64_t id = 0;
    std::string parent, device, root, point;
    words >> id >> parent >> device >> root >> point;
    if (id != mount_id) continue;
    struct statx found = {};
    const bool leads_there = statx(AT_FDCWD, StrCat("/proc/", pid, "/root", point).c_str(), 0,
                                   STATX_MNT_ID, &found) == 0 &&
                             found.stx_mnt_id == mount_id;
    return leads_there ? point : "";
  }
  return "";
}

bool IsMountPoint(const std::string& path) {
  struct statx found = {};
  return statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, &found) == 0 &&
         (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace tardigrade::fanotify
