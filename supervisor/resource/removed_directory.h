#ifndef SUPERVISOR_RESOURCE_REMOVED_DIRECTORY_H_
#define SUPERVISOR_RESOURCE_REMOVED_DIRECTORY_H_

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade {

// A directory that somebody still uses (as working directory, by a descriptor) and that has been
// removed, so that it is empty and will stay so.  The object kind of that name makes it.
inline constexpr const char* kRemovedDirectory = "removed_directory";

struct RemovedDirectoryState {
  std::string path;   // Where it was.
  uint32_t mode = 0;  // Permission bits.
  uint32_t uid = 0;
  uint32_t gid = 0;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("path", self.path, Range<size_t>{1, 4096});
    visit("mode", self.mode, Range<uint32_t>{0, 07777});
    visit("uid", self.uid);
    visit("gid", self.gid);
  }
};

// By the link that /proc shows for it.  Of a file system that others may change as well (NFS) the
// link alone does not say so.
bool IsRemovedDirectory(const std::string& link, const struct stat& stat);

// Saves it once; returns its key.
Result<std::string> AddRemovedDirectory(const std::string& link, const struct stat& stat,
                                        CollectContext& context);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_REMOVED_DIRECTORY_H_
