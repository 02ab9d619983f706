#include "plugins/epoll/epoll_state.h"

#include <sys/sysmacros.h>

#include <cinttypes>
#include <cstdio>
#include <string>

namespace tardigrade::epoll {

Result<std::vector<EpollLine>> ParseEpoll(const FdInfo& info) {
  std::vector<EpollLine> lines;
  for (const std::string_view found : info.FindAll("tfd")) {
    const std::string text(found);
    EpollLine line;
    uint32_t device = 0;
    if (std::sscanf(text.c_str(),
                    "%" SCNd32 " events: %" SCNx32 " data: %" SCNx64 " pos:%*d ino:%" SCNx64
                    " sdev:%" SCNx32,
                    &line.entry.fd, &line.entry.events, &line.entry.data, &line.inode,
                    &device) != 5)
      return Error(ErrorCode::kInternal,
                   StrCat("an epoll entry this build cannot read: \"", text, "\""));
    // The kernel's own dev_t: include/linux/kdev_t.h.
    line.device = makedev(device >> 20, device & 0xfffff);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace tardigrade::epoll
