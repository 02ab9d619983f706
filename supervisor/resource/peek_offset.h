#ifndef SUPERVISOR_RESOURCE_PEEK_OFFSET_H_
#define SUPERVISOR_RESOURCE_PEEK_OFFSET_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// Moves through a socket's queue with SO_PEEK_OFF while it lives.  The setting is the socket's, so
// the job's as well: a child process of the caller sets it back should the caller be killed.
class ScopedPeekOffset {
 public:
  static Result<std::unique_ptr<ScopedPeekOffset>> Start(int local_fd);
  ~ScopedPeekOffset();
  ScopedPeekOffset(const ScopedPeekOffset&) = delete;

  // The next look begins so many bytes into the queue, and each moves it on.
  Status MoveTo(uint64_t offset);

  // What SO_PEEK_OFF is; -1 where it is not used.
  static Result<int> Read(int local_fd);

 private:
  ScopedPeekOffset(int local_fd, int before) : local_fd_(local_fd), before_(before) {}
  Status StartKeeper();
  int local_fd_;
  int before_;
  ScopedFd lifeline_;  // The keeper acts when it is closed, if it was not told to go before.
  pid_t keeper_ = -1;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_PEEK_OFFSET_H_
