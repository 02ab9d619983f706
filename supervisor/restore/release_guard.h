#ifndef SUPERVISOR_RESTORE_RELEASE_GUARD_H_
#define SUPERVISOR_RESTORE_RELEASE_GUARD_H_

#include <sys/types.h>

#include <memory>
#include <span>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// Processes are let go one after the other, and those that are still traced die with this process: the
// guard, a process of its own, then kills the others, so that a tree runs whole or not at all.
class ReleaseGuard {
 public:
  static Result<std::unique_ptr<ReleaseGuard>> Create(std::span<const pid_t> pids);
  // Has them killed, unless dismissed.
  ~ReleaseGuard();
  ReleaseGuard(const ReleaseGuard&) = delete;

  // All have been let go.
  void Dismiss();

 private:
  ReleaseGuard() = default;
  void AwaitEnd();
  pid_t guard_ = -1;
  ScopedFd word_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_RELEASE_GUARD_H_
