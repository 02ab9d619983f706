#ifndef SUPERVISOR_RESTORE_SHARED_FILLING_H_
#define SUPERVISOR_RESTORE_SHARED_FILLING_H_

#include <cstdint>
#include <optional>
#include <set>
#include <span>

#include "supervisor/restore/address_space_plan.h"
#include "supervisor/restore/loaded_image.h"
#include "supervisor/restore/segment.h"

namespace tardigrade {

// Hands out ids that no task of the job has.
class SpareIds {
 public:
  explicit SpareIds(const LoadedImage& image);
  // Each once, until all were handed out.  None if the job has nearly all of them.
  std::optional<int32_t> Take();

 private:
  std::set<int32_t> taken_;
  int32_t next_;
};

// Has the reads that `marks` tell of run on threads that help the leader, if there is enough to
// read and there are processors: page faults are most of a restore, and they scale.
void ShareFilling(std::span<const FillMark> marks, SpareIds& ids, ThreadPlans& leader);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_SHARED_FILLING_H_
