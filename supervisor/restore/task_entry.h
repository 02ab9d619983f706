#ifndef SUPERVISOR_RESTORE_TASK_ENTRY_H_
#define SUPERVISOR_RESTORE_TASK_ENTRY_H_

#include <map>
#include <string>

#include "supervisor/resource/kind_list.h"
#include "supervisor/restore/control_channel.h"
#include "supervisor/restore/loaded_image.h"
#include "supervisor/restore/restore_plan.h"
#include "supervisor/restore/segment.h"

namespace tardigrade {

// What the fresh task needs to turn itself into the job.
struct TaskInputs {
  const LoadedImage* image = nullptr;
  const KindList* kinds = nullptr;
  const RestorePlan* plan = nullptr;
  Segment* segment = nullptr;
  const std::map<std::string, std::string>* moved_files = nullptr;
  ControlChannel* channel = nullptr;
};

// Runs in the fresh task, still in the restorer's address space: waits for the word to start, takes
// its place in sessions and groups, makes and numbers all descriptors, and enters the segment.
// Failures go to the channel; the task then exits.
[[noreturn]] void RunTask(const TaskInputs& inputs);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_TASK_ENTRY_H_
