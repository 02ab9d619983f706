#ifndef SUPERVISOR_CHECKPOINT_IN_FLIGHT_H_
#define SUPERVISOR_CHECKPOINT_IN_FLIGHT_H_

#include <cstddef>

#include "supervisor/base/result.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/resource/kind_list.h"

namespace tardigrade {

// Fills in Survey::all with what is in flight, what is in flight in that, and so on.  Errors: as those
// of a survey.
Status SurveyInFlight(Survey& survey, const KindList& kinds, bool frozen);

// Which of Survey::all is the description behind `local_fd`.  Errors: kInternal if none is.
Result<size_t> FindInFlight(const Survey& survey, int local_fd);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_IN_FLIGHT_H_
