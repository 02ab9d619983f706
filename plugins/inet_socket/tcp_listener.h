#ifndef PLUGINS_INET_SOCKET_TCP_LISTENER_H_
#define PLUGINS_INET_SOCKET_TCP_LISTENER_H_

#include <span>

#include "plugins/inet_socket/tcp_state.h"
#include "supervisor/base/result.h"
#include "supervisor/kernel/inet_diag.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inet_socket {

// A listener, and who waits to be accepted by it.
Status CollectListener(const FdFacts& file, std::span<const FdFacts> all, InetDiag& diag,
                       TcpState& state);

// Lets those connect again who waited, in their order, with what they are to inherit.
Status ConnectWaiting(const TcpState& listener, int local_fd, CreateContext& context);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_LISTENER_H_
