#ifndef PLUGINS_INET_SOCKET_UDP_COLLECT_H_
#define PLUGINS_INET_SOCKET_UDP_COLLECT_H_

#include <span>

#include "plugins/inet_socket/udp_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inet_socket {

Status CheckUdp(const FdFacts& file);

// The socket with the datagrams in it.
Result<UdpState> CollectUdp(const FdFacts& file, std::span<const FdFacts> all,
                            CollectContext& context);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_UDP_COLLECT_H_
