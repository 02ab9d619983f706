#ifndef PLUGINS_UNIX_SOCKET_FILL_QUEUE_H_
#define PLUGINS_UNIX_SOCKET_FILL_QUEUE_H_

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::unix_socket {

// Sends the socket what it had not read, and connects to a listener who waited to be accepted.  All
// files of the image exist.
Status FillQueue(const SocketState& state, CreateContext& context);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_FILL_QUEUE_H_
