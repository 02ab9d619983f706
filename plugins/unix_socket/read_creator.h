#ifndef PLUGINS_UNIX_SOCKET_READ_CREATOR_H_
#define PLUGINS_UNIX_SOCKET_READ_CREATOR_H_

#include <sys/socket.h>

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::unix_socket {

// What SO_PEERCRED and SO_PEERGROUPS of the socket show.
Result<Creator> ReadCreator(const FdFacts& file);

// The process that holds the descriptor: who called connect(2), as far as can be told.
Result<Creator> HolderOf(const FdFacts& file);

// As the job would see it; `credentials` are as the supervisor sees them.
Creator AsJobSees(const FdFacts& file, const ucred& credentials);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_READ_CREATOR_H_
