#ifndef SUPERVISOR_RESTORE_SESSION_TERMINAL_H_
#define SUPERVISOR_RESTORE_SESSION_TERMINAL_H_

#include <sys/types.h>

#include <functional>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/documents.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade {

// The terminal that is to control the session of the calling task.
class SessionTerminal {
 public:
  // The task leads a fresh session and has no children in it: those inherit the terminal.  One that
  // was made with the job is taken; another is if it is there and controls no session, else `warn` is
  // told and the session goes on without.
  Status Take(const ControllingTerminal& terminal, CreateContext& context,
              const std::function<void(const std::string&)>& warn);
  bool taken() const { return fd_ >= 0; }

  // All signals are blocked, so that nobody minds who asks (drivers/tty/tty_jobctrl.c,
  // __tty_check_change()).
  Status SetForeground(pid_t group) const;

  // For a process that is in a session with a terminal, and has left it.
  static Status GiveUp();

 private:
  Status Control(int fd);

  ScopedFd opened_;
  int fd_ = -1;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_SESSION_TERMINAL_H_
