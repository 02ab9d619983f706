#ifndef SUPERVISOR_RESTORE_SHARED_BIRTHS_H_
#define SUPERVISOR_RESTORE_SHARED_BIRTHS_H_

#include "supervisor/base/result.h"
#include "supervisor/restore/birth_plan.h"
#include "supervisor/restore/loaded_image.h"

namespace tardigrade {

// Completes a plan of who makes whom by what is shared at birth, and puts children in an order in
// which their maker has for each what it is to be born with.  Errors: kUnsupported if there is no
// such order; kBadImage.
Status PlanSharedBirths(const LoadedImage& image, BirthPlan& plan);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_SHARED_BIRTHS_H_
