#include "plugins/pty/pty_kind.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>

#include <array>
#include <cerrno>

#include "plugins/pty/controlling_terminal.h"
#include "plugins/pty/pty_number.h"
#include "plugins/pty/pty_object.h"
#include "plugins/pty/pty_state.h"
#include "plugins/pty/settings.h"
#include "supervisor/resource/pseudo_terminals.h"

namespace tardigrade::pty {
namespace {

constexpr const char* kDevTty = "/dev/tty";

// include/uapi/linux/tty.h
const char* DisciplineName(int discipline) {
  switch (discipline) {
    case 1: return "N_SLIP";
    case 3: return "N_PPP";
    case 13: return "N_HDLC";
    case 15: return "N_HCI";
    case 21: return "N_GSM0710";
    case 25: return "N_SLCAN";
    case 27: return "N_NULL";
    default: return "not N_TTY";
  }
}

Status CheckDiscipline(const FdFacts& file) {
  int discipline = 0;
  if (ioctl(file.local_fd, TIOCGETD, &discipline) != 0) return Error::Errno("TIOCGETD");
  if (discipline == N_TTY) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat(file.link, " has the line discipline ", discipline, " (", DisciplineName(discipline),
                      "), which cannot be saved; give it N_TTY (TIOCSETD) first"));
}

Status CheckLockedSettings(const FdFacts& file) {
  struct termios locked = {};
  if (ioctl(file.local_fd, TIOCGLCKTRMIOS, &locked) != 0) return Error::Errno("TIOCGLCKTRMIOS");
  bool any = (locked.c_iflag | locked.c_oflag | locked.c_cflag | locked.c_lflag) != 0 || locked.c_line != 0;
  for (size_t i = 0; i < std::tuple_size<decltype(TerminalSettings::cc)>(); ++i) any = any || locked.c_cc[i] != 0;
  if (!any) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("settings of ", file.link, " are locked (TIOCSLCKTRMIOS), which cannot be saved; unlock them first"));
}

// A session the terminal controls goes down with it, or comes back without it.
Status CheckSession(const FdFacts& master) {
  const std::optional<pid_t> session = SessionOfPty(master);
  if (!session.has_value()) return Ok();
  const bool saved = master.job != nullptr ? master.job->InnerProcess(*session).has_value() : *session == master.pid;
  if (saved) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the pseudoterminal ", TerminalOf(master).value_or(TerminalDevice()).Path(),
                      " controls the session of process ", *session,
                      ", which is not saved along; snapshot a process that both descend from with --tree"));
}

Result<PtyEndState> DecodeEnd(const Value& value) {
  ASSIGN_OR_RETURN(PtyEndState state, Decode<PtyEndState>(value, "pty"));
  if (state.end > End::kHungUp) return Error(ErrorCode::kBadImage, "pty.end is out of range");
  if (state.object.empty() != (state.end == End::kHungUp))
    return Error(ErrorCode::kBadImage, "pty.end contradicts pty.object");
  if (state.end != End::kMaster && (state.packets || state.locked))
    return Error(ErrorCode::kBadImage, "pty.packets and pty.locked are of masters only");
  return state;
}

Result<ScopedFd> MakeHungUp(uint64_t flags) {
  ASSIGN_OR_RETURN(const ScopedFd master, OpenAnyPty());
  return OpenPeer(master.get(), flags);
}

Result<ScopedFd> MakeEnd(const PtyEndState& state, CreateContext& context) {
  const uint64_t flags = state.open.flags & (O_ACCMODE | O_APPEND | O_SYNC | kLargeFile);
  if (state.end == End::kHungUp) return MakeHungUp(flags | O_NONBLOCK);
  ASSIGN_OR_RETURN(const int master, context.Object(state.object));
  if (state.end == End::kSlave) return OpenPeer(master, flags | O_NONBLOCK);
  if (state.end == End::kControlling) return OpenAsDevTty(master, flags | O_NONBLOCK);
  // A second open(2) would make another pseudoterminal.
  ScopedFd same(fcntl(master, F_DUPFD_CLOEXEC, 0));
  if (!same.valid()) return Error::Errno("F_DUPFD_CLOEXEC");
  return same;
}

}  // namespace

bool PtyKind::Claims(const FdFacts& file) const { return IsPtyMaster(file) || IsHungUp(file); }

bool PtyKind::ClaimsAmong(const FdFacts& file, std::span<const FdFacts> all) const {
  return Claims(file) || (IsTerminal(file) && FindPtyMaster(file, all) != nullptr);
}

Status PtyKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  if (IsHungUp(file)) return Ok();
  RETURN_IF_ERROR(CheckDiscipline(file));
  RETURN_IF_ERROR(CheckLockedSettings(file));
  return IsPtyMaster(file) ? CheckSession(file) : Ok();
}

Result<Value> PtyKind::Collect(const FdFacts& file, std::span<const FdFacts> all, CollectContext& context) const {
  PtyEndState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  if (IsHungUp(file)) {
    state.end = End::kHungUp;
    return Encode(state);
  }
  const FdFacts* master = IsPtyMaster(file) ? &file : FindPtyMaster(file, all);
  if (master == nullptr) return Error(ErrorCode::kTraceeGone, StrCat("the other side of ", file.link, " is gone"));
  if ((fcntl(file.local_fd, F_GETFL) & O_CLOEXEC) != 0)
    context.Warn(StrCat("fd ", file.fd, " was opened by TIOCGPTPEER with O_CLOEXEC, which /proc shows of every duplicate "
                        "ever after: all are taken to be closed on exec"));
  int flag = 0;
  if (ioctl(file.local_fd, TIOCGEXCL, &flag) != 0) return Error::Errno("TIOCGEXCL");
  state.exclusive = flag != 0;
  if (master == &file) {
    if (ioctl(file.local_fd, TIOCGPKT, &flag) != 0) return Error::Errno("TIOCGPKT");
    state.packets = flag != 0;
    if (ioctl(file.local_fd, TIOCGPTLCK, &flag) != 0) return Error::Errno("TIOCGPTLCK");
    state.locked = flag != 0;
  } else {
    state.end = file.link == kDevTty ? End::kControlling : End::kSlave;
  }
  state.object = PtyKey(*master);
  RETURN_IF_ERROR(context.AddObject(state.object, "pty", [&] { return CollectPty(*master, all, context); }));
  return Encode(state);
}

Result<ScopedFd> PtyKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const PtyEndState state, DecodeEnd(value));
  ASSIGN_OR_RETURN(ScopedFd fd, MakeEnd(state, context));
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status PtyKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const PtyEndState state, DecodeEnd(value));
  // Now, when nobody will open it any more and nothing more happens that packets tell of.
  const int on = 1;
  if (state.packets) plan.Add(StrCat("setting packet mode on fd ", fd), SYS_ioctl, {fd, TIOCPKT, Arg::Copy(on)});
  if (state.locked) plan.Add(StrCat("locking the terminal of fd ", fd), SYS_ioctl, {fd, TIOCSPTLCK, Arg::Copy(on)});
  if (state.exclusive) plan.Add(StrCat("setting exclusive mode on fd ", fd), SYS_ioctl, {fd, TIOCEXCL, 0});
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::pty
