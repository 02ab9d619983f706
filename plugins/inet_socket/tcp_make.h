#ifndef PLUGINS_INET_SOCKET_TCP_MAKE_H_
#define PLUGINS_INET_SOCKET_TCP_MAKE_H_

#include "plugins/inet_socket/tcp_state.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::inet_socket {

// Makes the socket, bound, listening or connected as it was, with empty queues.  The other side is
// set aside under its key, or, if nobody has it, under StandInKey().
Result<ScopedFd> MakeTcp(const TcpState& state, CreateContext& context);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_MAKE_H_
