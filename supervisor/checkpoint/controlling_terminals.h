#ifndef SUPERVISOR_CHECKPOINT_CONTROLLING_TERMINALS_H_
#define SUPERVISOR_CHECKPOINT_CONTROLLING_TERMINALS_H_

#include "supervisor/checkpoint/survey.h"
#include "supervisor/image/documents.h"

namespace tardigrade {

// Fills in which terminal controls the session that `process` leads, or that it has left it.
void DescribeTerminal(const Survey& survey, const ProcessSurvey& process, ProcessDocument& document);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_CONTROLLING_TERMINALS_H_
