#ifndef PLUGINS_IO_URING_IN_FLIGHT_H_
#define PLUGINS_IO_URING_IN_FLIGHT_H_

#include "plugins/io_uring/ring_info.h"
#include "plugins/io_uring/ring_memory.h"
#include "supervisor/base/result.h"

namespace tardigrade::io_uring {

// Refuses an instance with requests in flight, as far as counters and completions tell (see
// README.md): kUnsupported with EBUSY, as it may be idle later.
Status CheckIdle(const RingInfo& info, const RingMemory& memory);

// Refuses (kUnsupported) what submissions, old and new, say of things that the kernel does not
// show.
Status CheckSubmissions(const RingInfo& info, const RingMemory& memory);

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_IN_FLIGHT_H_
