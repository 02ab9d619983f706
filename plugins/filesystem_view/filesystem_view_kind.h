#ifndef PLUGINS_FILESYSTEM_VIEW_FILESYSTEM_VIEW_KIND_H_
#define PLUGINS_FILESYSTEM_VIEW_FILESYSTEM_VIEW_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::filesystem_view {

// Working directory, root and umask of a process (fs/fs_struct.c).  A directory is saved by its
// path; one that is not reached by it (of another mount namespace, or a root that was removed) is
// refused.
class FilesystemViewKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "filesystem_view"; }
  Status Check(const TaskFacts& task) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
  // A working directory that has been removed.
  Status DoInTask(const Value& state, CreateContext& context) const override;
};

}  // namespace tardigrade::filesystem_view

#endif  // PLUGINS_FILESYSTEM_VIEW_FILESYSTEM_VIEW_KIND_H_
