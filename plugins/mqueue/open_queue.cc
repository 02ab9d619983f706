#include "plugins/mqueue/open_queue.h"

#include "supervisor/resource/open_file.h"

namespace tardigrade::mqueue {

Result<ScopedFd> OpenQueue(const FdFacts& file) {
  Result<ScopedFd> opened = Reopen(file.local_fd, O_RDWR | O_NONBLOCK);
  if (opened.has_value()) return opened;
  return std::move(opened).error().While(
      StrCat("opening the message queue ", file.link, " for reading and writing"));
}

}  // namespace tardigrade::mqueue
