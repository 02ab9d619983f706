#ifndef SUPERVISOR_RESTORE_SIBLING_BIRTHS_H_
#define SUPERVISOR_RESTORE_SIBLING_BIRTHS_H_

#include <cstdint>
#include <optional>
#include <span>

#include "supervisor/base/result.h"
#include "supervisor/restore/birth_plan.h"
#include "supervisor/restore/loaded_image.h"

namespace tardigrade {

// Has those who share memory or handlers with a sibling, and not with whoever was to make them,
// made by that sibling (MakeBySiblings(), supervisor/image/shared_state.h).  Per process: the
// session it is in, and the one it has to be born into, if any.  Errors: kUnsupported where the
// sibling is never in that.
Status PlanSiblingBirths(const LoadedImage& image, std::span<const int32_t> sessions,
                         std::span<const std::optional<int32_t>> born, BirthPlan& plan);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_SIBLING_BIRTHS_H_
