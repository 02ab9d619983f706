#ifndef PLUGINS_REGULAR_FILE_FILE_ATTRIBUTES_H_
#define PLUGINS_REGULAR_FILE_FILE_ATTRIBUTES_H_

#include <cstdint>
#include <map>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::regular_file {

// What a file has beside its contents.
struct FileAttributes {
  uint32_t mode = 0;  // Permission bits.
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime_ns = 0;  // Since 1970.
  // Extended attributes: the user's own, and access control lists.  Labels of security modules are
  // the system's.
  std::map<std::string, std::string> extended;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("mode", self.mode, Range<uint32_t>{0, 07777});
    visit("uid", self.uid);
    visit("gid", self.gid);
    visit("mtime_ns", self.mtime_ns);
    visit("extended", self.extended);
  }
};

// Of an open file.
Result<FileAttributes> ReadAttributes(int local_fd);

// Gives them to an open file; what the kernel denies is warned of.  `path` names it in messages.
// After its contents: writing changes the time.
Status SetAttributes(const FileAttributes& attributes, const std::string& path, int local_fd,
                     CreateContext& context);

}  // namespace tardigrade::regular_file

#endif  // PLUGINS_REGULAR_FILE_FILE_ATTRIBUTES_H_
