#ifndef PLUGINS_UNIX_SOCKET_COLLECT_SOCKET_H_
#define PLUGINS_UNIX_SOCKET_COLLECT_SOCKET_H_

#include <span>

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/kernel/unix_diag.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::unix_socket {

bool IsUnixSocket(const FdFacts& file);

// Whether one of `all` is the socket with this inode.
bool IsAmong(std::span<const FdFacts> all, uint32_t inode);

// Refuses what is connected to somebody who is not saved, if that is the policy.
Status CheckSocket(const FdFacts& file, std::span<const FdFacts> all);

// What the kernel tells of `file`.  Errors: kUnsupported if it is in another network namespace.
Result<UnixSocketInfo> Ask(UnixDiag& diag, const FdFacts& file);

// The socket with all that is in it.  What it is connected to is saved by who calls.
Result<SocketState> CollectSocket(const FdFacts& file, std::span<const FdFacts> all,
                                  CollectContext& context);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_COLLECT_SOCKET_H_
