#ifndef SUPERVISOR_RESTORE_RESTORE_PLAN_H_
#define SUPERVISOR_RESTORE_RESTORE_PLAN_H_

#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/restore/address_space_plan.h"
#include "supervisor/restore/birth_plan.h"
#include "supervisor/restore/helper_fds.h"
#include "supervisor/restore/inherited_memory.h"
#include "supervisor/restore/loaded_image.h"
#include "supervisor/restore/segment.h"

namespace tardigrade {

// What one process is made by.  Empty for one that has ended.
struct ProcessPlan {
  HelperFds fds;
  std::vector<ThreadPlans> threads;  // As the image's.
  Segment::Place place;
  Segment::Links links;
  std::vector<FillMark> fill_marks;  // Of the leader's memory program.
};

// Everything that is going to be done, worked out before anything is made.
struct RestorePlan {
  std::vector<ProcessPlan> processes;  // As the image's.
  BirthPlan births;
  InheritedMemory inherited;
  bool new_ipc_namespace = false;
  std::vector<std::string> summary;  // For people, a line each.
};

// Errors: kBadImage, kUnsupported, kDenied: what cannot be restored here, and why.
Result<RestorePlan> MakeRestorePlan(const LoadedImage& image, const KindList& kinds, const RestoreFacts& facts);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_RESTORE_PLAN_H_
