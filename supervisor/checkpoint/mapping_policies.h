#ifndef SUPERVISOR_CHECKPOINT_MAPPING_POLICIES_H_
#define SUPERVISOR_CHECKPOINT_MAPPING_POLICIES_H_

#include <span>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

// numa_maps shows the thread's policy for mappings without one of their own (fs/proc/task_mmu.c,
// show_numa_map()).  Asks, inside the process, for those that show any, and leaves in
// MappingDocument::policy only what is the mapping's own.
Status ResolvePolicies(FrozenProcess& frozen, std::span<MappingDocument> mappings);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_MAPPING_POLICIES_H_
