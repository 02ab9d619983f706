#ifndef PLUGINS_TERMINAL_TERMINAL_KIND_H_
#define PLUGINS_TERMINAL_TERMINAL_KIND_H_

#include <string>

#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::terminal {

struct TerminalState {
  OpenFileState open;
  std::string path;     // "/dev/pts/3", "/dev/tty".
  uint64_t device = 0;  // st_rdev
  uint32_t uid = 0;     // Who owned it: numbers of pseudo terminals are used again by others.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("path", self.path, Range<size_t>{1, 4096});
    visit("device", self.device);
    visit("uid", self.uid);
  }
};

// Terminals: consoles, serial lines and the slave side of pseudo terminals, shared with whoever
// sits at them.  Whoever has the master of a pseudo terminal is not saved along.  Neither settings (termios) nor unread input are saved: they are the other
// side's as well.
//
// At restore: the same terminal if it is still there and still the same user's; else the caller's;
// else it is refused.  --set-file PATH=NEW gives any other file its place.
class TerminalKind final : public FdKind {
 public:
  std::string_view name() const override { return "terminal"; }
  bool Claims(const FdFacts& file) const override;
  bool ClaimsAmong(const FdFacts& file, std::span<const FdFacts> all) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::terminal

#endif  // PLUGINS_TERMINAL_TERMINAL_KIND_H_
