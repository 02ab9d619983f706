#ifndef SUPERVISOR_CHECKPOINT_IMAGE_FACTS_H_
#define SUPERVISOR_CHECKPOINT_IMAGE_FACTS_H_

#include <string>

#include "supervisor/base/result.h"
#include "supervisor/checkpoint/survey.h"

namespace tardigrade {

// "2031-05-04T03:02:01Z".
std::string UtcNow();

// The checksum of the process's own vDSO, read from its memory; "" if it has none.
Result<std::string> VdsoOf(const ProcessSurvey& survey);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_IMAGE_FACTS_H_
