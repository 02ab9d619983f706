#ifndef SUPERVISOR_RESTORE_TASK_ENTRY_H_
#define SUPERVISOR_RESTORE_TASK_ENTRY_H_

#include <memory>
#include <span>

#include "supervisor/resource/kind_list.h"
#include "supervisor/restore/control_channel.h"
#include "supervisor/restore/loaded_image.h"
#include "supervisor/restore/made_log.h"
#include "supervisor/restore/placed_files.h"
#include "supervisor/restore/restore_plan.h"
#include "supervisor/restore/segment.h"
#include "supervisor/restore/tree_board.h"

namespace tardigrade {

// What the fresh task needs to turn itself into the job.
struct TaskInputs {
  const LoadedImage* image = nullptr;
  const KindList* kinds = nullptr;
  const RestorePlan* plan = nullptr;
  std::span<const std::unique_ptr<Segment>> segments;  // As the image's processes; null of one that has ended.
  const MovedFiles* moved_files = nullptr;
  ChangedFiles changed_files = ChangedFiles::kAutomatic;
  bool own_mounts = false;  // The mount namespace is the job's own.
  ControlChannel* channel = nullptr;
  TreeBoard* board = nullptr;
  MadeLog* made = nullptr;
  PlacedFiles* placed = nullptr;
};

// Runs in the root's task, still in the restorer's address space: waits for the word to start, makes
// all open files, and has all other tasks made.  Each of them takes its place in sessions and groups,
// numbers its descriptors and enters its segment.  Failures go to the channel; the task then exits.
[[noreturn]] void RunRootTask(const TaskInputs& inputs);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_TASK_ENTRY_H_
