#include "supervisor/restore/session_terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cerrno>
#include <utility>

#include "supervisor/base/file_io.h"

namespace tardigrade {

Status SessionTerminal::Control(int fd) {
  if (ioctl(fd, TIOCSCTTY, 0) != 0) return Error::Errno("taking the controlling terminal");
  fd_ = fd;
  return Ok();
}

Status SessionTerminal::Take(const ControllingTerminal& terminal, CreateContext& context,
                             const std::function<void(const std::string&)>& warn) {
  if (!terminal.object.empty()) {
    ASSIGN_OR_RETURN(const int fd, context.Object(terminal.object));
    return Control(fd);
  }
  const std::string moved = context.MovedPath(terminal.path);
  Result<ScopedFd> opened = OpenFile(context.OuterPath(moved), O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (opened.has_value()) {
    opened_ = std::move(opened).value();
    if (Control(opened_.get()).has_value()) return Ok();
    opened_.Reset();
  }
  warn(StrCat("a session had the controlling terminal ", terminal.path, ", which is ",
              opened.has_value() ? "another session's" : "not to be had", " here: it goes on without one"));
  return Ok();
}

Status SessionTerminal::SetForeground(pid_t group) const {
  if (ioctl(fd_, TIOCSPGRP, &group) != 0)
    return Error::Errno("making process group ", group, " the foreground group of its terminal");
  return Ok();
}

Status SessionTerminal::GiveUp() {
  Result<ScopedFd> terminal = OpenFile("/dev/tty", O_RDWR | O_NONBLOCK);
  // The session was given none here.
  if (!terminal.has_value()) return Ok();
  if (ioctl(terminal.value().get(), TIOCNOTTY, 0) != 0) return Error::Errno("leaving the controlling terminal");
  return Ok();
}

}  // namespace tardigrade
