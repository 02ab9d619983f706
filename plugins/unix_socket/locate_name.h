#ifndef PLUGINS_UNIX_SOCKET_LOCATE_NAME_H_
#define PLUGINS_UNIX_SOCKET_LOCATE_NAME_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/kernel/unix_diag.h"

namespace tardigrade::unix_socket {

// The name `text` of a socket of process `pid`, with where its file is.  `local_fd` is that socket,
// or -1 where only the text is known; `file` what the kernel says of its file.
Result<Name> LocateName(pid_t pid, const std::string& text, int local_fd,
                        const std::optional<UnixSocketInfo::File>& file);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_LOCATE_NAME_H_
