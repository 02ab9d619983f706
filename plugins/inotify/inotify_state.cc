#include "plugins/inotify/inotify_state.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace tardigrade::inotify {
Result<std::vector<WatchLine>> ParseInotify(const FdInfo& info) {
  std::vector<WatchLine> lines;
  // The first colon of "inotify wd:1 ino:..." ends the key.
  for (const std::string_view found : info.FindAll("inotify wd")) {
    const std::string text(found);
    WatchLine line;
    uint32_t device = 0;
    uint32_t wd = 0;
    if (std::sscanf(text.c_str(), "%" SCNx32 " ino:%" SCNx64 " sdev:%" SCNx32 " mask:%" SCNx32, &wd,
                    &line.inode.inode, &device, &line.mask) != 4)
      return Error(ErrorCode::kInternal,
                   StrCat("an inotify watch this build cannot read: \"", text, "\""));
    line.wd = static_cast<int32_t>(wd);
    line.inode.device = DeviceFromKernel(device);
    RETURN_IF_ERROR(ParseHandle(text, line.inode));
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end(),
            [](const WatchLine& a, const WatchLine& b) { return a.wd < b.wd; });
  return lines;
}

}  // namespace tardigrade::inotify
