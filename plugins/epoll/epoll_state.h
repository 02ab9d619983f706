#ifndef PLUGINS_EPOLL_EPOLL_STATE_H_
#define PLUGINS_EPOLL_EPOLL_STATE_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/kernel/fdinfo.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::epoll {

struct EpollEntry {
  int32_t fd = 0;       // The number it was added under.
  uint32_t events = 0;  // EPOLL*; only flags when a one-shot entry has fired.
  uint64_t data = 0;
  // Where the file is, if not at `fd` any more: the lowest of its numbers; else -1.
  int32_t moved_to = -1;
  bool fd_is_taken = false;  // Moved, and another file has the number.

  bool operator==(const EpollEntry&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("fd", self.fd, Range<int32_t>{0, 1 << 30});
    visit("events", self.events);
    visit("data", self.data);
    visit("moved_to", self.moved_to, Range<int32_t>{-1, 1 << 30});
    visit("fd_is_taken", self.fd_is_taken);
  }
};

struct EpollState {
  OpenFileState open;
  std::vector<EpollEntry> entries;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("entries", self.entries, Range<size_t>{0, 1 << 20});
  }
};

// An entry with what tells its file from others.
struct EpollLine {
  EpollEntry entry;
  uint64_t inode = 0;
  uint64_t device = 0;  // As stat(2) has it.
};

// The "tfd:" lines of fdinfo.  fs/eventpoll.c, ep_show_fdinfo().  Errors: kInternal for a line it
// cannot read.
Result<std::vector<EpollLine>> ParseEpoll(const FdInfo& info);

}  // namespace tardigrade::epoll

#endif  // PLUGINS_EPOLL_EPOLL_STATE_H_
