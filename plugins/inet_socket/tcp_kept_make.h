#ifndef PLUGINS_INET_SOCKET_TCP_KEPT_MAKE_H_
#define PLUGINS_INET_SOCKET_TCP_KEPT_MAKE_H_

#include "plugins/inet_socket/tcp_state.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/nf_tables.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::inet_socket {

// A connection that goes on, with what can be read and what was sent, in repair: it says nothing to
// the other side yet, and would be gone without a word.  Packets are held off.
Result<ScopedFd> MakeKept(const TcpState& state, CreateContext& context);

// Both ends, as the packets show them.  Errors: kBadImage.
Result<TcpFlow> FlowOf(const TcpState& state);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_KEPT_MAKE_H_
