#ifndef PLUGINS_MQUEUE_OPEN_QUEUE_H_
#define PLUGINS_MQUEUE_OPEN_QUEUE_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::mqueue {

// A description of one's own, non-blocking, to read and to write, of a queue that the job may have
// open for one of these only.
Result<ScopedFd> OpenQueue(const FdFacts& file);

}  // namespace tardigrade::mqueue

#endif  // PLUGINS_MQUEUE_OPEN_QUEUE_H_
