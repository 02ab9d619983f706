#ifndef PLUGINS_IO_URING_WIND_H_
#define PLUGINS_IO_URING_WIND_H_

#include <vector>

#include "plugins/io_uring/io_uring_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::io_uring {

// Brings a new instance, behind `ring`, to where the saved one was: the kernel's own head and tail,
// which only requests move, then all of its memory.  By the thread that may submit.  `state` is not
// to be trusted.
Status WindTo(const RingState& state, int ring, const AttachmentReader& attachments);

// How long that may take, in seconds.
uint64_t SecondsToWind(const RingState& state);

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_WIND_H_
