#include "plugins/pty/pty_object.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "plugins/pty/live_queues.h"
#include "plugins/pty/pty_number.h"
#include "plugins/pty/settings.h"
#include "supervisor/resource/open_file.h"
#include "supervisor/resource/pseudo_terminals.h"

namespace tardigrade::pty {
namespace {

constexpr uint64_t kOwnFlags = O_RDWR | O_NONBLOCK;

short Poll(int fd) {
  pollfd poller{.fd = fd, .events = POLLIN | POLLPRI, .revents = 0};
  return poll(&poller, 1, /*timeout_ms=*/0) == 1 ? poller.revents : short{0};
}

Result<bool> Flag(int fd, unsigned long request, const char* name) {
  int set = 0;
  if (ioctl(fd, request, &set) != 0) return Error::Errno(name);
  return set != 0;
}

const FdFacts* FindSlave(const FdFacts& master, std::span<const FdFacts> all) {
  for (const FdFacts& other : all) {
    if (IsTerminal(other) && FindPtyMaster(other, all) != nullptr && PtyKey(*FindPtyMaster(other, all)) == PtyKey(master))
      return &other;
  }
  return nullptr;
}

// The slave, while the terminal is locked or exclusive perhaps: both are undone for the moment.  Closed
// again it leaves the terminal as it was, since the job had it open once.
Result<ScopedFd> OpenOwnSlave(const FdFacts& master) {
  ASSIGN_OR_RETURN(const bool locked, Flag(master.local_fd, TIOCGPTLCK, "TIOCGPTLCK"));
  const int on = 1;
  const int off = 0;
  if (locked && ioctl(master.local_fd, TIOCSPTLCK, &off) != 0) return Error::Errno("TIOCSPTLCK");
  Result<ScopedFd> slave = OpenPeer(master.local_fd, kOwnFlags);
  if (locked && ioctl(master.local_fd, TIOCSPTLCK, &on) != 0) return Error::Errno("TIOCSPTLCK");
  if (!slave.has_value() && slave.error().errno_value() == EBUSY)
    return Error(ErrorCode::kDenied,
                 "the pseudoterminal is in exclusive mode (TIOCEXCL): looking into it needs CAP_SYS_ADMIN");
  return slave;
}

// The node by its name in the job's /dev/pts, which need not be there.
void DescribeNode(const FdFacts& master, const FdFacts* slave, PtyState& state) {
  struct stat st = {};
  if (slave != nullptr && S_ISCHR(slave->stat.st_mode) && slave->link.starts_with(kPtsDirectory)) {
    st = slave->stat;
  } else {
    const std::string path = StrCat("/proc/", master.pid, "/root", PtsPath(state.number));
    if (stat(path.c_str(), &st) != 0) st.st_mode = 0600;
  }
  state.mode = st.st_mode & 07777;
  state.uid = st.st_uid;
  state.gid = st.st_gid;
}

Status CollectOpened(const FdFacts& master, bool has_slave, PtyState& state) {
  ASSIGN_OR_RETURN(const ScopedFd slave, OpenOwnSlave(master));
  if (!has_slave) {
    ASSIGN_OR_RETURN(state.exclusive, Flag(slave.get(), TIOCGEXCL, "TIOCGEXCL"));
  }
  ASSIGN_OR_RETURN(const bool packets, Flag(master.local_fd, TIOCGPKT, "TIOCGPKT"));
  if (packets && (Poll(master.local_fd) & POLLPRI) != 0)
    return Error(ErrorCode::kUnsupported,
                 "the pseudoterminal has unread news of its state (packet mode, TIOCPKT), which only who reads them "
                 "can see; try again when they have been read");
  ASSIGN_OR_RETURN(state.queues, LookIntoQueues({master.local_fd, slave.get()}, state.settings, packets));
  return Ok();
}

Status CheckNeverOpened(const FdFacts& master, const PtyState& state, CollectContext& context) {
  if ((Poll(master.local_fd) & POLLIN) != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the pseudoterminal ", PtsPath(state.number),
                        " has unread output, though nobody has opened it yet; try again when that was read"));
  context.Warn(StrCat("nobody has opened ", PtsPath(state.number), " yet: what was written to its master is not saved"));
  return Ok();
}

void RestoreNode(const PtyState& state, CreateContext& context) {
  const std::string path = PtsPath(state.number);
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0) return;
  const bool owned = st.st_uid == state.uid && st.st_gid == state.gid;
  if (!owned && chown(path.c_str(), state.uid, state.gid) != 0)
    context.Warn(StrCat("the terminal ", path, " belongs to ", st.st_uid, ":", st.st_gid, ", not to ", state.uid, ":",
                        state.gid, " as before"));
  (void)chmod(path.c_str(), state.mode);
}

}  // namespace

Result<Value> CollectPty(const FdFacts& master, std::span<const FdFacts> all, CollectContext& context) {
  PtyState state;
  ASSIGN_OR_RETURN(state.settings, GetSettings(master.local_fd));
  const std::optional<TerminalDevice> device = TerminalOf(master);
  if (!device.has_value()) return Error::Errno("TIOCGDEV of a pseudoterminal");
  state.number = device->minor;
  struct winsize size = {};
  if (ioctl(master.local_fd, TIOCGWINSZ, &size) != 0) return Error::Errno("TIOCGWINSZ");
  state.size = {size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel};
  const FdFacts* slave = FindSlave(master, all);
  DescribeNode(master, slave, state);
  // Once the slave was opened and closed again, the master shows it; it may also be open elsewhere, or
  // only as somebody's controlling terminal.
  state.opened = slave != nullptr || (Poll(master.local_fd) & POLLHUP) != 0 || SessionOfPty(master).has_value();
  RETURN_IF_ERROR(state.opened ? CollectOpened(master, slave != nullptr, state) : CheckNeverOpened(master, state, context),
                  PtsPath(state.number));
  return Encode(state);
}

Result<ScopedFd> PtyObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const PtyState state, Decode<PtyState>(value, "pty"));
  if (state.queues.flow > Flow::kStoppedByCall) return Error(ErrorCode::kBadImage, "pty.queues.flow is out of range");
  if (!state.opened && !state.queues.empty())
    return Error(ErrorCode::kBadImage, "pty.opened contradicts pty.queues");
  ASSIGN_OR_RETURN(ScopedFd master, OpenPty(state.number));
  RestoreNode(state, context);
  RETURN_IF_ERROR(SetSettings(master.get(), state.settings));
  const struct winsize size = {state.size[0], state.size[1], state.size[2], state.size[3]};
  if (ioctl(master.get(), TIOCSWINSZ, &size) != 0) return Error::Errno("TIOCSWINSZ");
  if (!state.opened) return master;
  ASSIGN_OR_RETURN(const ScopedFd slave, OpenPeer(master.get(), kOwnFlags));
  // Its description gets its own flags later.
  RETURN_IF_ERROR(SetStatusFlags(master.get(), O_NONBLOCK));
  RETURN_IF_ERROR(PutQueues({master.get(), slave.get()}, state.settings, state.queues), PtsPath(state.number));
  if (state.exclusive && ioctl(slave.get(), TIOCEXCL) != 0) return Error::Errno("TIOCEXCL");
  return master;
}

std::optional<std::string> PtyObject::TakenHere(const Value& value) const {
  const Result<PtyState> state = Decode<PtyState>(value, "pty");
  if (!state.has_value()) return std::nullopt;
  const std::string path = PtsPath(state.value().number);
  if (access(path.c_str(), F_OK) != 0) return std::nullopt;
  return StrCat("the terminal ", path);
}

Status PtyObject::PrepareNamespace(CreateContext& context) const { return MountFreshDevpts(context); }

}  // namespace tardigrade::pty
