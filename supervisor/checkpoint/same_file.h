#ifndef SUPERVISOR_CHECKPOINT_SAME_FILE_H_
#define SUPERVISOR_CHECKPOINT_SAME_FILE_H_

#include <sys/types.h>

#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade {

// Finds out which descriptors, of one process or of many, refer to one open file description, by
// kcmp(2) of their copies in this process (local_fd), sorting instead of comparing all pairs.  Sets file_of[i] to the number of descriptor i's description and first_of
// to the first descriptor of each, in order of descriptors.
Status GroupByFile(std::span<const FdFacts> descriptors, std::vector<size_t>& file_of,
                   std::vector<size_t>& first_of);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_SAME_FILE_H_
