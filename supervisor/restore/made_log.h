#ifndef SUPERVISOR_RESTORE_MADE_LOG_H_
#define SUPERVISOR_RESTORE_MADE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "supervisor/base/result.h"
#include "supervisor/resource/kind_list.h"

namespace tardigrade {

// What job kinds made in the root's task, in memory that the restorer shares: objects that outlive
// every task, and that nobody else would take away after a failure.
class MadeLog {
 public:
  static Result<std::unique_ptr<MadeLog>> Create();
  ~MadeLog();
  MadeLog(const MadeLog&) = delete;

  // In the task.  `kind` is an index into KindList::jobs.  What does not fit is not noted.
  void Note(size_t kind, int32_t id);

  // In the restorer, when the tasks are gone.
  void RemoveAll(const KindList& kinds);

 private:
  struct Entry {
    uint32_t kind;
    int32_t id;
  };
  static constexpr uint32_t kMostEntries = 1 << 16;
  struct Log {
    uint32_t count;
    Entry entries[kMostEntries];
  };
  explicit MadeLog(Log* log) : log_(log) {}
  Log* log_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_MADE_LOG_H_
