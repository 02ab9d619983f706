#ifndef SUPERVISOR_RESTORE_RESTORE_PLAN_H_
#define SUPERVISOR_RESTORE_RESTORE_PLAN_H_

#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/restore/loaded_image.h"
#include "supervisor/restore/segment.h"

namespace tardigrade {

// Which numbers the restorer's own descriptors have in the task, above all of the job's.
struct HelperFds {
  int pages = -1;                   // The page file; the lowest helper.
  std::vector<int> backings;        // Distinct files behind mappings, in order.
  std::vector<size_t> backing_of;   // Per mapping: index into `backings`; npos for none.
  std::vector<size_t> opened_from;  // Per backing: a mapping that names it.
  int first_free = -1;              // From here on: whatever the making of files takes.
  static constexpr size_t npos = ~size_t{0};
};

// Everything that is going to be done, worked out before anything is made.
struct RestorePlan {
  HelperFds fds;
  std::vector<ThreadPlans> threads;  // As the image's.
  Segment::Place place;
  std::vector<std::string> summary;  // For people, a line each.
};

// Errors: kBadImage, kUnsupported, kDenied: what cannot be restored here, and why.
Result<RestorePlan> MakeRestorePlan(const LoadedImage& image, const KindList& kinds, const RestoreFacts& facts);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_RESTORE_PLAN_H_
