#ifndef PLUGINS_UNIX_SOCKET_RUN_AS_H_
#define PLUGINS_UNIX_SOCKET_RUN_AS_H_

#include <functional>

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::unix_socket {

// What a call made as somebody gave: it has nothing else in common with the caller's memory.
struct CallOutcome {
  int error = 0;  // errno
  int fds[2] = {-1, -1};
};

// Makes `call` as a process with this pid, user and groups, because the kernel notes who called: in
// this process, or if it has another pid, in a child that shares its descriptors and gets the pid
// for that moment.  Where neither may be done, the call is made as the caller and the user warned.
CallOutcome RunAs(const Creator& creator, CreateContext& context,
                  const std::function<CallOutcome()>& call);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_RUN_AS_H_
