#ifndef PLUGINS_UNIX_SOCKET_COLLECT_QUEUE_H_
#define PLUGINS_UNIX_SOCKET_COLLECT_QUEUE_H_

#include <span>

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/kernel/unix_diag.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::unix_socket {

// Whether descriptors may be on their way in the queue of `file`, and which.
bool MayHoldFilesInFlight(const FdFacts& file);
Result<FdKind::Held> FilesInFlight(const FdFacts& file);

// What can be read from `file`, descriptors in flight included.
Result<Queue> CollectQueue(const FdFacts& file, std::span<const FdFacts> all,
                           const UnixSocketInfo& info, const SocketState& state,
                           CollectContext& context);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_COLLECT_QUEUE_H_
