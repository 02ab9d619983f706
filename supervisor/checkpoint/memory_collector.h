#ifndef SUPERVISOR_CHECKPOINT_MEMORY_COLLECTOR_H_
#define SUPERVISOR_CHECKPOINT_MEMORY_COLLECTOR_H_

#include "supervisor/base/progress.h"
#include "supervisor/base/result.h"
#include "supervisor/checkpoint/collector.h"
#include "supervisor/checkpoint/shared_memory.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/image/documents.h"
#include "supervisor/image/page_file.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

// Fills in the process's mappings and guard regions and writes its pages.  The process is frozen.
// Meanwhile a thread of its own reads smaps and numa_maps, which take long (they walk every page
// table) and need nothing of ptrace.  Errors: kUnsupported for a mapping whose flags cannot be
// saved, found out only now.
//
// `parent`: null of the root.  Pages that it has as well are not written again.  `saved`: the shared
// memory that other processes' page files hold already.
Status CollectMemory(const ProcessSurvey& survey, const ProcessSurvey* parent, FrozenProcess& frozen, SnapshotContext& context,
                     ProcessDocument& process, SavedObjects& saved, PageFileWriter& pages, Progress& progress);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_MEMORY_COLLECTOR_H_
