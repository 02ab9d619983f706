#ifndef PLUGINS_UNIX_SOCKET_SETTLE_SOCKET_H_
#define PLUGINS_UNIX_SOCKET_SETTLE_SOCKET_H_

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::unix_socket {

// What has to wait until all queues are full: connecting datagram sockets, connecting again to who
// is outside, ends of connections, options.
Status SettleSocket(const SocketState& state, int local_fd, CreateContext& context);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_SETTLE_SOCKET_H_
