#ifndef SUPERVISOR_RESTORE_PLACED_FILES_H_
#define SUPERVISOR_RESTORE_PLACED_FILES_H_

#include <cstddef>
#include <memory>
#include <string>

#include "supervisor/base/result.h"

namespace tardigrade {

// Which files kinds put in place in the root's task, in memory that the restorer shares: they
// outlive every task, and after a failure what was there before has to come back.
class PlacedFiles {
 public:
  static Result<std::unique_ptr<PlacedFiles>> Create();
  ~PlacedFiles();
  PlacedFiles(const PlacedFiles&) = delete;

  // In the task.  `displaced`: what was at `path` has this name as well, and the file is to be put
  // there now.
  // "": there was nothing, and the file has been put there; not before, because it is removed
  // again.
  Status Note(const std::string& path, const std::string& displaced);

  // In the restorer, when the tasks are gone.
  void TakeBack();

 private:
  struct Log {
    size_t bytes;
    char text[(size_t{1} << 20) - sizeof(size_t)];  // Pairs of strings with their terminators.
  };
  explicit PlacedFiles(Log* log) : log_(log) {}
  Log* log_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_PLACED_FILES_H_
