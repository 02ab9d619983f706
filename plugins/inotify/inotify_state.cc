#include "plugins/inotify/inotify_state.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace tardigrade::inotify {
namespace {

// "fhandle-bytes:8 fhandle-type:1 f_handle:1ac5030000000000"
Status ParseHandle(const std::string& text, WatchLine& line) {
  const size_t start = text.find("fhandle-bytes:");
  if (start == std::string::npos) return Ok();
  unsigned bytes = 0, type = 0;
  int digits_at = 0;
  const std::string handle = text.substr(start);
  if (std::sscanf(handle.c_str(), "fhandle-bytes:%x fhandle-type:%x f_handle:%n", &bytes, &type,
                  &digits_at) != 2 ||
      digits_at == 0 || bytes > MAX_HANDLE_SZ ||
      handle.size() < static_cast<size_t>(digits_at) + bytes * 2)
    return Error(ErrorCode::kInternal,
                 StrCat("a file handle this build cannot read: \"", handle, "\""));
  line.handle_type = static_cast<int>(type);
  for (unsigned i = 0; i < bytes; ++i) {
    const std::string byte = handle.substr(static_cast<size_t>(digits_at) + i * 2, 2);
    line.handle.push_back(static_cast<uint8_t>(std::strtoul(byte.c_str(), nullptr, 16)));
  }
  return Ok();
}

}  // namespace

Result<std::vector<WatchLine>> ParseInotify(const FdInfo& info) {
  std::vector<WatchLine> lines;
  // The first colon of "inotify wd:1 ino:..." ends the key.
  for (const std::string_view found : info.FindAll("inotify wd")) {
    const std::string text(found);
    WatchLine line;
    uint32_t device = 0;
    uint32_t wd = 0;
    if (std::sscanf(text.c_str(), "%" SCNx32 " ino:%" SCNx64 " sdev:%" SCNx32 " mask:%" SCNx32, &wd,
                    &line.inode, &device, &line.mask) != 4)
      return Error(ErrorCode::kInternal,
                   StrCat("an inotify watch this build cannot read: \"", text, "\""));
    line.wd = static_cast<int32_t>(wd);
    // The kernel's own dev_t: include/linux/kdev_t.h.
    line.device = makedev(device >> 20, device & 0xfffff);
    RETURN_IF_ERROR(ParseHandle(text, line));
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end(),
            [](const WatchLine& a, const WatchLine& b) { return a.wd < b.wd; });
  return lines;
}

}  // namespace tardigrade::inotify
