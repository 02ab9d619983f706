#ifndef SUPERVISOR_RESOURCE_PSEUDO_TERMINALS_H_
#define SUPERVISOR_RESOURCE_PSEUDO_TERMINALS_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "supervisor/resource/fd_kind.h"

namespace tardigrade {

// The device number behind tty_nr of /proc/PID/stat and TIOCGDEV (include/linux/kdev_t.h,
// new_encode_dev()).
struct TerminalDevice {
  uint32_t major = 0;
  uint32_t minor = 0;

  static TerminalDevice Decode(uint32_t encoded) {
    return {(encoded >> 8) & 0xfff, (encoded & 0xff) | ((encoded >> 12) & 0xfff00)};
  }
  // A pseudoterminal with the name /dev/pts/<minor>.
  bool is_pty() const { return major == 136; }
  // Where it is by convention; "" for what is no console and no pseudoterminal.
  std::string Path() const;
  bool operator==(const TerminalDevice&) const = default;
};

// A descriptor of the side that terminal emulators hold, opened as /dev/ptmx.
bool IsPtyMaster(const FdFacts& file);

// A descriptor of the other side or of any other terminal, /dev/tty among them.
bool IsTerminal(const FdFacts& file);

// The descriptor can do nothing any more: the other side was closed, or the session's leader ended.
bool IsHungUp(const FdFacts& file);

// Which terminal it really is: of /dev/tty the one behind it, of a master its other side.  nullopt if
// it is hung up.
std::optional<TerminalDevice> TerminalOf(const FdFacts& file);

// The descriptor among `all` of the master of the pseudoterminal that `file` is an end of; null if
// nobody there has it.
const FdFacts* FindPtyMaster(const FdFacts& file, std::span<const FdFacts> all);

// A key for the pseudoterminal of a master: numbers are unique within one mount of devpts only.
std::string PtyKey(const FdFacts& master);

// The session a pseudoterminal controls, and its foreground process group, asked from its master, as
// the caller sees their numbers.  nullopt if there is none.
std::optional<pid_t> SessionOfPty(const FdFacts& master);
std::optional<pid_t> ForegroundOfPty(const FdFacts& master);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_PSEUDO_TERMINALS_H_
