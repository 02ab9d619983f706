#ifndef SUPERVISOR_RESOURCE_FD_OWNER_H_
#define SUPERVISOR_RESOURCE_FD_OWNER_H_

#include <cstdint>
#include <optional>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// Who is told by a signal when a description becomes ready: F_SETOWN_EX and F_SETSIG.
struct FdOwner {
  int32_t type = 0;    // F_OWNER_*
  int32_t id = 0;      // As the job sees it; 0: nobody.
  int32_t signal = 0;  // 0: SIGIO, without siginfo.

  bool operator==(const FdOwner&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("type", self.type, Range<int32_t>{0, 2});
    visit("id", self.id, Range<int32_t>{0, 1 << 22});
    visit("signal", self.signal, Range<int32_t>{0, 64});
  }
};

// Reads it through file.local_fd; nullopt if nobody is to be told.  Errors: kUnsupported if the
// owner is neither the process, nor one of its threads, nor the process group it leads.
Result<std::optional<FdOwner>> ReadFdOwner(const FdFacts& file);

// Sets the owner from within the task `fd` belongs to, and O_ASYNC if it is among `flags`.
void PlanFdOwner(const std::optional<FdOwner>& owner, uint64_t flags, int fd, SyscallPlan& plan);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_FD_OWNER_H_
