#ifndef PLUGINS_INET_SOCKET_TCP_FILL_H_
#define PLUGINS_INET_SOCKET_TCP_FILL_H_

#include "plugins/inet_socket/tcp_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::inet_socket {

// Lets the other side send what could be read here; lets those connect who waited.
Status FillTcp(const TcpState& state, int local_fd, CreateContext& context);

// What has to wait until all queues are full: ends of streams, resets, options.
Status SettleTcp(const TcpState& state, int local_fd, CreateContext& context);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_FILL_H_
