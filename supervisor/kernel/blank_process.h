#ifndef SUPERVISOR_KERNEL_BLANK_PROCESS_H_
#define SUPERVISOR_KERNEL_BLANK_PROCESS_H_

#include <sys/types.h>

#include <memory>

#include "supervisor/base/result.h"

namespace tardigrade {

// A sleeping process, child of this one, that has neither a list of semaphore undo values
// (KCMP_SYSVSEM) nor an I/O context (KCMP_IO), which tasks get when they first need one: whoever
// compares equal to it by kcmp(2) has none either, and shares nothing.  Gone with this object, or
// with the thread that made it.
class ScopedBlankProcess {
 public:
  static Result<std::unique_ptr<ScopedBlankProcess>> Create();
  ~ScopedBlankProcess();
  ScopedBlankProcess(const ScopedBlankProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Whether `task` has no object of that type.  False where the kernel does not say.
  bool Lacks(pid_t task, int type) const;

 private:
  explicit ScopedBlankProcess(pid_t pid) : pid_(pid) {}
  const pid_t pid_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_BLANK_PROCESS_H_
