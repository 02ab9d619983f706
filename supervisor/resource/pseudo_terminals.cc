#include "supervisor/resource/pseudo_terminals.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace tardigrade {
namespace {

// Documentation/admin-guide/devices.txt.
constexpr unsigned kTtyMajor = 4;
constexpr unsigned kTtyAuxMajor = 5;
constexpr unsigned kCurrentTtyMinor = 0;
constexpr unsigned kPtmxMinor = 2;
constexpr unsigned kFirstPtsMajor = 136;
constexpr unsigned kLastPtsMajor = 143;

bool IsOpenDevice(const FdFacts& file) {
  return S_ISCHR(file.stat.st_mode) && (file.info.flags & O_PATH) == 0;
}

bool IsDevTty(const FdFacts& file) {
  return IsTerminal(file) && major(file.stat.st_rdev) == kTtyAuxMajor &&
         minor(file.stat.st_rdev) == kCurrentTtyMinor;
}

// The device of the devpts a master is of, or 0: the one its node is in, or the one mounted beside it
// as "pts" (fs/devpts/inode.c, devpts_ptmx_path()).
dev_t InstanceOf(const FdFacts& master) {
  struct statfs fs = {};
  if (fstatfs(master.local_fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC) return master.stat.st_dev;
  const std::string directory = master.link.substr(0, master.link.rfind('/'));
  struct stat st = {};
  const std::string path = StrCat("/proc/", master.pid, "/root", directory, "/pts/.");
  return stat(path.c_str(), &st) == 0 ? st.st_dev : 0;
}

bool AreEndsOfOne(const FdFacts& master, const FdFacts& end) {
  const std::optional<TerminalDevice> device = TerminalOf(end);
  if (!device.has_value() || device != TerminalOf(master)) return false;
  if (IsDevTty(end)) return true;
  const dev_t instance = InstanceOf(master);
  return instance == 0 || instance == (IsPtyMaster(end) ? InstanceOf(end) : end.stat.st_dev);
}

}  // namespace

std::string TerminalDevice::Path() const {
  if (is_pty()) return StrCat("/dev/pts/", minor);
  if (major == kTtyMajor) return minor < 64 ? StrCat("/dev/tty", minor) : StrCat("/dev/ttyS", minor - 64);
  if (major == kTtyAuxMajor && minor == 1) return "/dev/console";
  return "";
}

bool IsPtyMaster(const FdFacts& file) {
  return IsOpenDevice(file) && major(file.stat.st_rdev) == kTtyAuxMajor && minor(file.stat.st_rdev) == kPtmxMinor;
}

bool IsTerminal(const FdFacts& file) {
  if (!IsOpenDevice(file)) return false;
  const unsigned node_major = major(file.stat.st_rdev);
  if (node_major == kTtyAuxMajor) return minor(file.stat.st_rdev) != kPtmxMinor;
  return node_major == kTtyMajor || (node_major >= kFirstPtsMajor && node_major <= kLastPtsMajor);
}

// drivers/tty/tty_io.c, hung_up_tty_ioctl().
bool IsHungUp(const FdFacts& file) {
  unsigned device = 0;
  return IsTerminal(file) && ioctl(file.local_fd, TIOCGDEV, &device) != 0 && errno == EIO;
}

std::optional<TerminalDevice> TerminalOf(const FdFacts& file) {
  unsigned device = 0;
  if (!IsTerminal(file) && !IsPtyMaster(file)) return std::nullopt;
  if (ioctl(file.local_fd, TIOCGDEV, &device) != 0) return std::nullopt;
  return TerminalDevice::Decode(device);
}

const FdFacts* FindPtyMaster(const FdFacts& file, std::span<const FdFacts> all) {
  const FdFacts* found = nullptr;
  const bool by_session = IsDevTty(file);
  for (const FdFacts& other : all) {
    if (!IsPtyMaster(other) || !AreEndsOfOne(other, file)) continue;
    if (!by_session || SessionOfPty(other) == getsid(file.pid)) return &other;
    if (found == nullptr) found = &other;
  }
  return found;
}

std::string PtyKey(const FdFacts& master) {
  const std::optional<TerminalDevice> device = TerminalOf(master);
  return StrCat("pty:", InstanceOf(master), ":", device.has_value() ? device->minor : 0);
}

std::optional<pid_t> SessionOfPty(const FdFacts& master) {
  pid_t session = 0;
  if (ioctl(master.local_fd, TIOCGSID, &session) != 0 || session <= 0) return std::nullopt;
  return session;
}

std::optional<pid_t> ForegroundOfPty(const FdFacts& master) {
  pid_t group = 0;
  if (ioctl(master.local_fd, TIOCGPGRP, &group) != 0 || group <= 0) return std::nullopt;
  return group;
}

}  // namespace tardigrade
