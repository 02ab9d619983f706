#ifndef SUPERVISOR_CHECKPOINT_UNTIL_IDLE_H_
#define SUPERVISOR_CHECKPOINT_UNTIL_IDLE_H_

#include <chrono>
#include <functional>

#include "supervisor/base/result.h"

namespace tardigrade {

// Freezes a job.  A kind that refuses it (kUnsupported) with EBUSY has something in flight that only a running job brings
// to its end: then it is thawed, runs on for a while, and is frozen again, until `deadline`.
Status UntilIdle(const std::function<Status()>& freeze, const std::function<void()>& thaw, std::chrono::steady_clock::time_point deadline);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_UNTIL_IDLE_H_
