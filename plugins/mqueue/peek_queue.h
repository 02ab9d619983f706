#ifndef PLUGINS_MQUEUE_PEEK_QUEUE_H_
#define PLUGINS_MQUEUE_PEEK_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade::mqueue {

struct QueuedMessage {
  uint32_t priority = 0;
  std::vector<std::byte> text;
};

enum class Peek {
  kAll,
  // Somebody is to be notified of a message that comes when there is none: so there always is one.
  kNeverEmpty,
};

// All messages of the queue behind `local_fd` (O_RDWR and O_NONBLOCK), as they would be received.
// The kernel lets nobody look at one without taking it, so they are taken and put back at once, by
// a process of its own that finishes this also if the caller is killed meanwhile.  Nobody else may
// use the queue. Errors: kSystem; kUnsupported if others did use it, or with kNeverEmpty if there
// is no room for another message beside the only one.
Result<std::vector<QueuedMessage>> PeekQueue(int local_fd, Peek peek);

}  // namespace tardigrade::mqueue

#endif  // PLUGINS_MQUEUE_PEEK_QUEUE_H_
