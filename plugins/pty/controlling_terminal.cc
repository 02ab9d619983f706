#include "plugins/pty/controlling_terminal.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <vector>

namespace tardigrade::pty {
namespace {

struct Request {
  int master;
  int flags;
  int opened;  // A descriptor, or -errno.
};

// A session of its own takes the terminal and gives it back before it ends: one that ended with it
// would hang it up (drivers/tty/tty_jobctrl.c, disassociate_ctty()).
int OpenInSession(void* argument) {
  auto& request = *static_cast<Request*>(argument);
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  sigaddset(&hangup, SIGCONT);
  sigprocmask(SIG_BLOCK, &hangup, nullptr);
  if (setsid() < 0 || ioctl(request.master, TIOCSCTTY, 0) != 0) {
    request.opened = -errno;
    return 0;
  }
  request.opened = open("/dev/tty", request.flags);
  if (request.opened < 0) {
    request.opened = -errno;
  } else if (ioctl(request.opened, TIOCNOTTY, 0) != 0) {
    const int error = errno;
    close(request.opened);
    request.opened = -error;
  }
  return 0;
}

}  // namespace

Result<ScopedFd> OpenAsDevTty(int master, uint64_t flags) {
  Request request{.master = master, .flags = static_cast<int>(flags) | O_NOCTTY | O_CLOEXEC, .opened = -ENOMEM};
  std::vector<char> stack(64 << 10);
  // Shares descriptors and memory, and this thread waits until it has ended.
  const pid_t child = clone(OpenInSession, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | CLONE_FILES, &request);
  if (child < 0) return Error::Errno("making a process to open /dev/tty");
  while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  ScopedFd opened(request.opened);
  if (opened.valid()) return opened;
  errno = -request.opened;
  return Error::Errno("opening /dev/tty");
}

}  // namespace tardigrade::pty
