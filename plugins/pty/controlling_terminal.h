#ifndef PLUGINS_PTY_CONTROLLING_TERMINAL_H_
#define PLUGINS_PTY_CONTROLLING_TERMINAL_H_

#include <cstdint>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::pty {

// What open(2) of /dev/tty gives a process that the pseudoterminal of `master` controls.  The terminal
// controls no session before and after.
Result<ScopedFd> OpenAsDevTty(int master, uint64_t flags);

}  // namespace tardigrade::pty

#endif  // PLUGINS_PTY_CONTROLLING_TERMINAL_H_
