#include "supervisor/tracee/backtrace.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "supervisor/tracee/stack_unwinder.h"

namespace tardigrade {

Result<std::vector<BacktraceFrame>> TakeBacktrace(pid_t tid, int max_frames,
                                                  std::chrono::steady_clock::time_point deadline) {
  arch::Registers registers = {};
  iovec iov = {&registers, sizeof(registers)};
  if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) != 0) {
    if (errno == ESRCH)
      return Error::Syscall(ErrorCode::kTraceeGone, errno, StrCat("reading registers of ", tid));
    return Error::Errno("reading registers of ", tid);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<StackUnwinder> unwinder, StackUnwinder::Create(tid));
  std::vector<BacktraceFrame> frames;
  for (const uint64_t address : unwinder->Unwind(registers, max_frames, deadline)) {
    frames.emplace_back();
    frames.back().address = address;
  }
  return frames;
}

}  // namespace tardigrade
