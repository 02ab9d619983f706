#ifndef PLUGINS_INET_SOCKET_TCP_QUEUE_H_
#define PLUGINS_INET_SOCKET_TCP_QUEUE_H_

#include <cstddef>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade::inet_socket {

// Refuses a stream with urgent data in it, or with a mark where one was.
Status CheckNothingUrgent(int local_fd);

// All that can be read, without taking it out.  Nobody may read from it meanwhile.  Errors:
// kUnsupported where looking would not show all, or would change something.
Result<std::vector<std::byte>> PeekStream(int local_fd);

// Bytes that can be read.
Result<size_t> UnreadBytes(int local_fd);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_QUEUE_H_
