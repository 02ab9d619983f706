#ifndef SUPERVISOR_CHECKPOINT_INHERITED_PAGES_H_
#define SUPERVISOR_CHECKPOINT_INHERITED_PAGES_H_

#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/kernel/pagemap.h"

namespace tardigrade {

// Pages that are to be saved, by whether the parent has the very same at the same address, shared
// copy-on-write since fork(2).
struct SplitPages {
  std::vector<PageRun> own;
  std::vector<PageRun> inherited;  // With protocol::kPageExtentSameAsParent.
};

// Pages that are to be saved, by whether other processes, saved or not, map them as well.
struct SharedPages {
  std::vector<PageRun> own;
  std::vector<PageRun> shared;
};

// Splits the runs of a frozen process.
Result<SharedPages> SplitSharedPages(pid_t pid, const std::vector<PageRun>& runs);

// Splits `save`, the runs of `child`, both being frozen.  Who may see page frame numbers
// (CAP_SYS_ADMIN) compares these, anybody else contents, of pages that are not the child's alone.
// Finds only what lies in private mappings of the same memory.  Errors: kTraceeGone, kSystem.
Result<SplitPages> SplitInheritedPages(const ProcessSurvey& child, const ProcessSurvey& parent,
                                       const std::vector<PageRun>& save);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_INHERITED_PAGES_H_
