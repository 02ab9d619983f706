#ifndef PLUGINS_UNIX_SOCKET_MAKE_SOCKET_H_
#define PLUGINS_UNIX_SOCKET_MAKE_SOCKET_H_

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::unix_socket {

// Makes the socket, bound, listening or connected as it was, with empty queues.  Who is connected
// to it by the same call is set aside under his key; where nobody has the other side, it is set
// aside under StandInKey(), and with it datagrams can be sent here.
Result<ScopedFd> MakeSocket(const SocketState& state, CreateContext& context);

// Whether the peer of the image's socket is to be found outside, by connecting again.
bool ReconnectsOutside(const SocketState& state, CreateContext& context);

// Whether two datagram sockets have each other, by one socketpair(2).
bool IsDatagramPair(const SocketState& state, const SocketState& peer);

// Whether SO_PEERCRED tells anything, which it does of who was connected otherwise than by the
// connect(2) of a datagram socket.
bool HasCreator(const SocketState& state);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_MAKE_SOCKET_H_
