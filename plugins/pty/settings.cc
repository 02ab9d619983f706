#include "plugins/pty/settings.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <algorithm>
#include <cerrno>

// <asm/termbits.h> and <sys/ioctl.h> define the same structs.
extern "C" int ioctl(int fd, unsigned long request, ...) noexcept;

namespace tardigrade::pty {

Result<TerminalSettings> GetSettings(int fd) {
  struct termios2 raw = {};
  if (ioctl(fd, TCGETS2, &raw) != 0) return Error::Errno("TCGETS2");
  TerminalSettings settings{.iflag = raw.c_iflag,
                            .oflag = raw.c_oflag,
                            .cflag = raw.c_cflag,
                            .lflag = raw.c_lflag,
                            .line = raw.c_line,
                            .ispeed = raw.c_ispeed,
                            .ospeed = raw.c_ospeed};
  static_assert(sizeof(raw.c_cc) == sizeof(settings.cc));
  std::copy(std::begin(raw.c_cc), std::end(raw.c_cc), settings.cc.begin());
  return settings;
}

Status SetSettings(int fd, const TerminalSettings& settings) {
  struct termios2 raw = {};
  raw.c_iflag = settings.iflag;
  raw.c_oflag = settings.oflag;
  raw.c_cflag = settings.cflag;
  raw.c_lflag = settings.lflag;
  raw.c_line = static_cast<cc_t>(settings.line);
  raw.c_ispeed = settings.ispeed;
  raw.c_ospeed = settings.ospeed;
  std::copy(settings.cc.begin(), settings.cc.end(), std::begin(raw.c_cc));
  if (ioctl(fd, TCSETS2, &raw) != 0) return Error::Errno("TCSETS2");
  return Ok();
}

bool IsCanonical(const TerminalSettings& settings) { return (settings.lflag & (ICANON | EXTPROC)) == ICANON; }

}  // namespace tardigrade::pty
