#ifndef SUPERVISOR_RESTORE_LATE_FILES_H_
#define SUPERVISOR_RESTORE_LATE_FILES_H_

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// Hands files that one task makes to tasks that exist already: all of them have the sockets from before
// they were born, and each looks at what is queued there without taking it (MSG_PEEK), which gives
// everybody the same open file descriptions.
class LateFiles {
 public:
  // Queues for `count` files.  Before the tasks are born.  Their descriptors are `first_fd` or above.
  static Result<LateFiles> Create(size_t count, int first_fd);

  // Once.  As many as Create() was told.
  Status Send(std::span<const int> files) const;

  // The same for a task that shares this one's memory (CLONE_VM) and has its own descriptors, under the same numbers.
  LateFiles ForNewTask() const;

  // In the order of Send(), close-on-exec.  After Send(), any number of times.
  Result<std::vector<ScopedFd>> Look() const;

 private:
  struct Queue {
    ScopedFd in;
    ScopedFd out;
    size_t count = 0;
  };
  std::vector<Queue> queues_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_LATE_FILES_H_
