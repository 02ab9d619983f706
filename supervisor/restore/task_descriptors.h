#ifndef SUPERVISOR_RESTORE_TASK_DESCRIPTORS_H_
#define SUPERVISOR_RESTORE_TASK_DESCRIPTORS_H_

#include <cstddef>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/restore/file_factory.h"
#include "supervisor/restore/task_entry.h"
#include "supervisor/restore/turn.h"

namespace tardigrade {

// The descriptor table of a task: first full of the restorer's descriptors, then the job's and the
// helpers alone.  Of processes that share one (CLONE_FILES) the first does that, when the others
// have put their helpers into it and need nothing else any more; they go on when it is through with
// everything that it does with the job's numbers, some of which it borrows.
class TaskDescriptors {
 public:
  TaskDescriptors(const TaskInputs& in, FileFactory& factory, Turn& turn, size_t process);

  // Whether it is for this task to number the job's descriptors: it has the table alone, or is the
  // first.
  bool owns() const { return owner_ == process_; }
  // Others that have the table of a process before them, in all the job.
  size_t sharers() const { return in_.image->descriptor_sharers; }

  // Opens what is behind mappings, and puts that and the page file where the helpers are.
  Status PlaceHelpers();

  // The owner's; the second can report nothing any more.
  Status NumberJobs();
  void CloseTheRest();

  // The others': until all the owner's threads are parked.
  void AwaitOwner();

 private:
  const LoadedProcess& process() const { return in_.image->processes[process_]; }

  const TaskInputs& in_;
  FileFactory& factory_;
  Turn& turn_;
  const size_t process_;
  size_t owner_;
  std::vector<size_t> members_;  // That have this table, the owner among them.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_TASK_DESCRIPTORS_H_
