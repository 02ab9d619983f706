#include "supervisor/resource/removed_directory.h"

#include "supervisor/resource/open_file.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade {

bool IsRemovedDirectory(const std::string& link, const struct stat& stat) {
  return S_ISDIR(stat.st_mode) && stat.st_nlink == 0 && link.ends_with(kDeletedSuffix);
}

Result<std::string> AddRemovedDirectory(const std::string& link, const struct stat& stat,
                                        CollectContext& context) {
  std::string key = InodeKey(stat);
  const auto collect = [&]() -> Result<Value> {
    return Encode(RemovedDirectoryState{.path = WithoutDeletedSuffix(link),
                                        .mode = static_cast<uint32_t>(stat.st_mode & 07777),
                                        .uid = stat.st_uid,
                                        .gid = stat.st_gid});
  };
  RETURN_IF_ERROR(context.AddObject(key, kRemovedDirectory, collect));
  return key;
}

}  // namespace tardigrade
