#ifndef SUPERVISOR_RESTORE_SHARED_OBJECTS_H_
#define SUPERVISOR_RESTORE_SHARED_OBJECTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"
#include "supervisor/resource/syscall_plan.h"
#include "supervisor/restore/inherited_memory.h"
#include "supervisor/restore/segment.h"

namespace tardigrade {

// Shared memory without a descriptor that is mapped in more than one piece, or not from its
// beginning: made whole at a place of its own, from where its pieces are mapped.  What is mapped
// once, from its beginning, needs none of this.
class SharedObjects {
 public:
  // `segments`: where no room is.  `inherited`: which objects other tasks have as well; they are not made here.  Errors: kBadImage for
  // pieces that cannot be of one object, kSystem if there is no room.
  static Result<SharedObjects> Find(const ProcessDocument& process, std::span<const Segment::Place> segments,
                                    const InheritedMemory& inherited);

  // Adds the steps that make the objects.
  void PlanMaking(SyscallPlan& plan) const;
  // Adds the step that maps a piece, readable and writable; false if mapping number `index` is
  // none.
  bool PlanPiece(size_t index, SyscallPlan& plan) const;
  // Adds the steps that take away what the pieces were mapped from.
  void PlanRemoval(SyscallPlan& plan) const;

  static constexpr size_t npos = ~size_t{0};

 private:
  struct Object {
    uint64_t bytes = 0;
    uint64_t at = 0;
    bool huge = false;
    bool reserves = false;
  };

  explicit SharedObjects(const ProcessDocument& process) : process_(&process) {}
  Status AddObject(const std::vector<size_t>& pieces);
  Status Check(const std::vector<size_t>& pieces) const;
  Status ChoosePlaces(std::span<const Segment::Place> segments, const InheritedMemory& inherited);

  const ProcessDocument* process_;
  std::vector<Object> objects_;
  std::vector<size_t> object_of_;  // Per mapping.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_SHARED_OBJECTS_H_
