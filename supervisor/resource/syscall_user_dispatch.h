#ifndef SUPERVISOR_RESOURCE_SYSCALL_USER_DISPATCH_H_
#define SUPERVISOR_RESOURCE_SYSCALL_USER_DISPATCH_H_

#include <sys/types.h>

#include <cstdint>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"

namespace tardigrade {

// Syscall user dispatch of a thread, prctl(PR_SET_SYSCALL_USER_DISPATCH).
struct SyscallUserDispatchState {
  uint64_t mode = 0;      // PR_SYS_DISPATCH_OFF, _ON (_EXCLUSIVE_ON), _INCLUSIVE_ON
  uint64_t selector = 0;  // Address in the tracee, or 0.
  uint64_t offset = 0;    // Of the code range.
  uint64_t length = 0;    // Bytes.

  bool operator==(const SyscallUserDispatchState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("mode", self.mode, Range<uint64_t>{0, 2});
    visit("selector", self.selector);
    visit("offset", self.offset);
    visit("length", self.length);
  }
};

// Of a thread in ptrace-stop under the calling thread.  Off on kernels before 6.4, which do not
// tell.
Result<SyscallUserDispatchState> GetSyscallUserDispatch(pid_t tid);

// The same the other way round.  From the thread's next system call on it holds, so this is the
// last thing to do to a restored thread.  Errors: kUnsupported on kernels before 6.4, unless it is
// off.
Status SetSyscallUserDispatch(pid_t tid, const SyscallUserDispatchState& state);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_SYSCALL_USER_DISPATCH_H_
