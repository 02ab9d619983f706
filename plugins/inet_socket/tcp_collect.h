#ifndef PLUGINS_INET_SOCKET_TCP_COLLECT_H_
#define PLUGINS_INET_SOCKET_TCP_COLLECT_H_

#include <span>

#include "plugins/inet_socket/tcp_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inet_socket {

// Refuses what will not be saved, as far as it can be told without waiting for anything.  Of a
// process that runs, only what can be relied upon counts.
Status CheckTcp(const FdFacts& file, std::span<const FdFacts> all);

// The socket with all that is in it and under way to it.
Result<TcpState> CollectTcp(const FdFacts& file, std::span<const FdFacts> all,
                            CollectContext& context);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_COLLECT_H_
