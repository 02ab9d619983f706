#ifndef SUPERVISOR_CHECKPOINT_RELATIONS_H_
#define SUPERVISOR_CHECKPOINT_RELATIONS_H_

#include "supervisor/base/result.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/image/documents.h"

namespace tardigrade {

// Refuses (kUnsupported, with the way out) a process with children, zombies among them: for one that
// is to be saved without them.
Status CheckHasNoChildren(pid_t pid);

// Who it is to the others: parent, group, session, exit status, and what it shares with them.  Groups and sessions are 0 where they
// lie outside the process's PID namespace.
Result<ProcessDocument> DescribeRelations(const ProcessSurvey& process);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_RELATIONS_H_
