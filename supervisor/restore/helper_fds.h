#ifndef SUPERVISOR_RESTORE_HELPER_FDS_H_
#define SUPERVISOR_RESTORE_HELPER_FDS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/restore/loaded_image.h"

namespace tardigrade {

// Which numbers the restorer's own descriptors have in a task: one block that holds none of the
// job's.  Its beginning and its end are the same in all tasks, because descriptors are inherited; only the
// page file and the backings of tasks that share a table follow one another.
struct HelperFds {
  int pages = -1;                   // The page file; the task's lowest helper.
  std::vector<int> backings;        // Distinct files behind mappings; they follow one another.
  std::vector<size_t> backing_of;   // Per mapping: index into `backings`; npos for none.
  std::vector<size_t> opened_from;  // Per backing: a mapping that names it.
  int first_free = -1;              // From here on: whatever the making of files takes.
  static constexpr size_t npos = ~size_t{0};
};

// The first of `count` numbers in a row that are at least `lowest`, below `limit` and not among
// `taken`: above all of these where the limit allows, else in the lowest gap; -1 if there is none.
int FindFreeNumbers(std::span<const int> taken, int lowest, int count, uint64_t limit);

// For every process.  Errors: kBadImage for a mapping of an unknown kind; kDenied if the hard limit of
// open files is too low.
Result<std::vector<HelperFds>> AssignHelperFds(const LoadedImage& image, const KindList& kinds);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_HELPER_FDS_H_
