#ifndef SUPERVISOR_KERNEL_KCMP_H_
#define SUPERVISOR_KERNEL_KCMP_H_

#include <sys/types.h>

#include <optional>
#include <span>
#include <vector>

namespace tardigrade {

// kcmp(2), without descriptors: 0, 1, 2 if the object of this type (KCMP_VM, KCMP_FILES, ...) of
// task a is the same as, before, or after that of b, in an order of the kernel's that holds until
// reboot; -1 with errno (EPERM: one of both may not be looked at; ESRCH: it is gone).  Two tasks
// that have no such object at all have the same: see ScopedBlankProcess.
long CompareTasks(pid_t a, pid_t b, int type);

// For each task the index of the first among them that has the same object: its own where it has it
// alone. By sorting, not pairwise.
std::vector<size_t> FirstWithSame(std::span<const pid_t> tasks, int type);

// Tasks in the order of their objects, to look others up in.
class TasksByObject {
 public:
  TasksByObject(std::vector<pid_t> tasks, int type);
  // One that has the same object as `other`.
  std::optional<pid_t> Find(pid_t other) const;

 private:
  std::vector<pid_t> tasks_;
  int type_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_KCMP_H_
