#ifndef PLUGINS_UNIX_SOCKET_BIND_NAME_H_
#define PLUGINS_UNIX_SOCKET_BIND_NAME_H_

#include <functional>

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"

namespace tardigrade::unix_socket {

// socket(2), close-on-exec and non-blocking.
Result<ScopedFd> NewSocket(int type);

// Gives the socket its name, and the name its file if it had one.  A file that the old job left
// there, which no socket has any more, is replaced.  `while_named` runs while the name leads to the
// socket, which it may no longer do afterwards.
// Errors: kUnsupported if the name is in use.
Status BindName(int local_fd, const Name& name, const std::function<Status()>& while_named = {});

// The same without a file: the path stays whoever's it is.
Status BindWithoutFile(int local_fd, const Name& name, const std::function<Status()>& while_named);

// connect(2) and sendmsg(2) to it take this, within the name's directory.
std::string ReachableText(const Name& name);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_BIND_NAME_H_
