#ifndef PLUGINS_INET_SOCKET_UDP_MAKE_H_
#define PLUGINS_INET_SOCKET_UDP_MAKE_H_

#include "plugins/inet_socket/udp_state.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::inet_socket {

// Bound and connected as it was, with nothing in it.
Result<ScopedFd> MakeUdp(const UdpState& state);

// Sends it what was unread, each datagram from where it came.
Status FillUdp(const UdpState& state, int local_fd, CreateContext& context);

Status SettleUdp(const UdpState& state, int local_fd, CreateContext& context);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_UDP_MAKE_H_
