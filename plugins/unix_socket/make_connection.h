#ifndef PLUGINS_UNIX_SOCKET_MAKE_CONNECTION_H_
#define PLUGINS_UNIX_SOCKET_MAKE_CONNECTION_H_

#include <string>

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::unix_socket {

// Both sides by one socketpair(2), with their names; the other side is set aside under its key.
Result<ScopedFd> MakePair(const SocketState& state, const SocketState& peer, CreateContext& context);

// The same with a side that nobody has, set aside under StandInKey().
Result<ScopedFd> MakePairWithStandIn(const SocketState& state, CreateContext& context);

// Both sides of a connection of streams or packets, as their names tell that it was made: by
// socketpair(2), or by listen(2), connect(2) and accept(2).
Result<ScopedFd> MakeConnection(const SocketState& state, const SocketState& peer,
                                CreateContext& context);
Result<ScopedFd> MakeConnectionToStandIn(const SocketState& state, CreateContext& context);

// connect(2) to what sun_path says.  Errors: kSystem with the errno.
Status ConnectTo(int local_fd, const std::string& text);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_MAKE_CONNECTION_H_
