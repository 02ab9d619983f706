#ifndef SUPERVISOR_CHECKPOINT_SHARING_H_
#define SUPERVISOR_CHECKPOINT_SHARING_H_

#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/kernel/blank_process.h"

namespace tardigrade {

// For each member the process before it that has the same descriptor table (KCMP_FILES) or memory
// (KCMP_VM), by which that is surveyed and saved; 0 where there is none.
std::vector<pid_t> FindSharers(std::span<const TreeMember> members, int type);

// Fills in ProcessSurvey::shared.
void FindSharing(Survey& survey, const ScopedBlankProcess& blank);

// Refuses (kUnsupported, naming both) what FindSharing() found and no restore can bring back,
// threads that share an I/O context, and, as long as the job runs, whoever waits in vfork(2); and
// whoever shares anything with a process that is not surveyed: any process, as long as the job
// runs, else the root's parent. `frozen`: as of the survey.
Status CheckSharing(const Survey& survey, const ScopedBlankProcess& blank, bool frozen);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_SHARING_H_
