#include "plugins/terminal/terminal_kind.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "supervisor/base/file_io.h"
#include "supervisor/resource/pseudo_terminals.h"

namespace tardigrade::terminal {
namespace {

int OpenFlags(const TerminalState& state) {
  return static_cast<int>(state.open.flags & (O_ACCMODE | O_NONBLOCK | O_APPEND)) | O_NOCTTY;
}

// The terminal the job had, if it is to be had.
std::optional<ScopedFd> OpenSame(const TerminalState& state, const CreateContext& context) {
  const std::string path = context.OuterPath(state.path);
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0 || !S_ISCHR(st.st_mode)) return std::nullopt;
  if (st.st_rdev != state.device || st.st_uid != state.uid) return std::nullopt;
  Result<ScopedFd> opened = OpenFile(path, OpenFlags(state));
  if (!opened.has_value() || isatty(opened.value().get()) == 0) return std::nullopt;
  return std::move(opened).value();
}

// The caller's: the controlling one, or one of the standard streams.
std::optional<ScopedFd> OpenCallers(const TerminalState& state) {
  Result<ScopedFd> controlling = OpenFile("/dev/tty", OpenFlags(state));
  if (controlling.has_value()) return std::move(controlling).value();
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (isatty(fd) == 0) continue;
    Result<ScopedFd> opened = Reopen(fd, static_cast<uint64_t>(OpenFlags(state)));
    if (opened.has_value()) return std::move(opened).value();
  }
  return std::nullopt;
}

}  // namespace

bool TerminalKind::Claims(const FdFacts& file) const { return IsTerminal(file) && !IsHungUp(file); }

bool TerminalKind::ClaimsAmong(const FdFacts& file, std::span<const FdFacts> all) const {
  return Claims(file) && FindPtyMaster(file, all) == nullptr;
}

Status TerminalKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return Ok();
}

Result<Value> TerminalKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                    CollectContext&) const {
  TerminalState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.path = file.link;
  state.device = file.stat.st_rdev;
  state.uid = file.stat.st_uid;
  return Encode(state);
}

Result<ScopedFd> TerminalKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const TerminalState state, Decode<TerminalState>(value, "terminal"));
  if (const std::string moved = context.MovedPath(state.path); moved != state.path) {
    ASSIGN_OR_RETURN(ScopedFd fd, OpenFile(moved, OpenFlags(state)), "in the place of ",
                     state.path);
    RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
    return fd;
  }
  std::optional<ScopedFd> fd = OpenSame(state, context);
  if (!fd.has_value()) {
    fd = OpenCallers(state);
    if (fd.has_value())
      context.Warn(StrCat("the terminal ", state.path, " is gone: yours takes its place"));
  }
  if (!fd.has_value())
    return Error(ErrorCode::kUnsupported,
                 StrCat("the terminal ", state.path,
                        " is gone and there is none here to take its place; restore "
                        "from a terminal, or name another file with --set-file ",
                        state.path, "=/dev/null"));
  RETURN_IF_ERROR(SetStatusFlags(fd->get(), state.open.flags));
  return std::move(*fd);
}

Status TerminalKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const TerminalState state, Decode<TerminalState>(value, "terminal"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::terminal
