#ifndef SUPERVISOR_CHECKPOINT_HAND_OVER_H_
#define SUPERVISOR_CHECKPOINT_HAND_OVER_H_

#include <cstdint>

#include "supervisor/base/result.h"
#include "supervisor/checkpoint/frozen_tree.h"
#include "supervisor/transport/image_sender.h"

namespace tardigrade {

// Hands a frozen job, whose image the receiver has, over to it; returns its pid there when it runs there.  The job here is
// frozen still, and must end.  On failure it is as it was, or, where nobody knows whether it runs there, was left stopped.
Result<int64_t> HandOver(ImageSender& sender, FrozenTree& job);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_HAND_OVER_H_
