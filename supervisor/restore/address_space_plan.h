#ifndef SUPERVISOR_RESTORE_ADDRESS_SPACE_PLAN_H_
#define SUPERVISOR_RESTORE_ADDRESS_SPACE_PLAN_H_

#include <map>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"
#include "supervisor/image/page_file.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/resource/syscall_plan.h"
#include "supervisor/restore/inherited_memory.h"
#include "supervisor/restore/segment.h"

namespace tardigrade {

// What the address space is made from.
struct AddressSpaceInputs {
  const ProcessDocument* process = nullptr;
  size_t process_index = 0;  // In the image.
  std::span<const PageExtent> extents;
  std::span<const MemoryMapping> here;  // This process's mappings: what the task starts with.
  Segment::Place segment;
  std::vector<Segment::Place> others;  // Segments of others that stay mapped as well.
  const InheritedMemory* inherited = nullptr;
  int pages_fd = -1;             // Descriptor of the page file in the task.
  std::vector<int> backing_fds;  // Per mapping: descriptor in the task, -1 for anonymous memory.
  // Per mapping that is not made by mmap(2): MappingKind::PlanMaking().
  std::map<size_t, SyscallPlan> made_by_plan;
  int first_helper_fd = -1;      // Descriptors from here on,
  int last_helper_fd = -1;       // and up to here, are the restorer's: closed at the end.
};

// When as many ops as are up to the one with this index are done, about so many bytes of memory are
// in: the reads follow one another in the plan, and may run at the same time.
struct FillMark {
  size_t op = 0;
  uint64_t bytes = 0;
};

// Adds the steps that replace the whole address space but the segment; `marks`, unless null, is
// given one for each read, in order.  Errors: kUnsupported for a mapping this kernel cannot make
// (another vDSO layout), kBadImage.
Status PlanAddressSpace(const AddressSpaceInputs& inputs, SyscallPlan& plan,
                        std::vector<FillMark>* marks = nullptr);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_ADDRESS_SPACE_PLAN_H_
