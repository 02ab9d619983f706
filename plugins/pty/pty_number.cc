#include "plugins/pty/pty_number.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <vector>

#include "supervisor/base/file_io.h"

namespace tardigrade::pty {
namespace {

constexpr unsigned kPtsMajor = 136;

Result<uint32_t> NumberOf(int master) {
  unsigned number = 0;
  if (ioctl(master, TIOCGPTN, &number) != 0) return Error::Errno("TIOCGPTN");
  return number;
}

Error Taken(uint32_t number) {
  return Error(ErrorCode::kSystem,
               StrCat("the terminal ", PtsPath(number),
                      " is taken here; with --new-pid-namespace the job gets terminals with its old names in a mount "
                      "of its own"));
}

// What is at the name has to be what was made: /dev/ptmx may be of another mount.
Status CheckName(uint32_t number) {
  struct stat st = {};
  const std::string path = PtsPath(number);
  if (stat(path.c_str(), &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(kPtsMajor, number)) return Ok();
  return Error(ErrorCode::kUnsupported, StrCat("/dev/ptmx makes terminals that do not appear in ", kPtsDirectory));
}

}  // namespace

std::string PtsPath(uint32_t number) { return StrCat(kPtsDirectory, "/", number); }

Result<ScopedFd> OpenAnyPty() {
  ASSIGN_OR_RETURN(ScopedFd master, OpenFile("/dev/ptmx", O_RDWR | O_NOCTTY));
  const int unlocked = 0;
  if (ioctl(master.get(), TIOCSPTLCK, &unlocked) != 0) return Error::Errno("unlocking a terminal");
  return master;
}

Result<ScopedFd> OpenPty(uint32_t number) {
  std::vector<ScopedFd> below;
  for (;;) {
    ASSIGN_OR_RETURN(ScopedFd master, OpenAnyPty(), "making ", PtsPath(number));
    ASSIGN_OR_RETURN(const uint32_t got, NumberOf(master.get()));
    if (got > number) return Taken(number);
    if (got == number) {
      RETURN_IF_ERROR(CheckName(number));
      return master;
    }
    below.push_back(std::move(master));
  }
}

Result<ScopedFd> OpenPeer(int master, uint64_t flags) {
  // With O_CLOEXEC it would stay among the description's flags (drivers/tty/pty.c, ptm_open_peer()).
  ScopedFd slave(ioctl(master, TIOCGPTPEER, static_cast<int>(flags) | O_NOCTTY));
  if (!slave.valid() || fcntl(slave.get(), F_SETFD, FD_CLOEXEC) != 0) return Error::Errno("opening the slave of a pseudoterminal (TIOCGPTPEER)");
  return slave;
}

std::string DevptsOptions(const std::string& mountinfo) {
  std::string options;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> fields;
    for (std::string word; words >> word;) fields.push_back(word);
    const size_t count = fields.size();
    if (count < 8 || fields[4] != kPtsDirectory || fields[count - 3] != "devpts") continue;
    options.clear();
    std::istringstream parts(fields[count - 1]);
    for (std::string part; std::getline(parts, part, ',');) {
      if (part.starts_with("mode=") || part.starts_with("gid=")) options += part + ",";
    }
  }
  return options + "ptmxmode=666";
}

Status MountFreshDevpts(CreateContext& context) {
  RETURN_IF_ERROR(context.Cover(kPtsDirectory));
  ASSIGN_OR_RETURN(const std::string mountinfo, ReadFile("/proc/self/mountinfo"));
  constexpr unsigned long kFlags = MS_NOSUID | MS_NOEXEC;
  const std::string options = DevptsOptions(mountinfo);
  if (mount("devpts", kPtsDirectory, "devpts", kFlags, options.c_str()) == 0) return Ok();
  // In a user namespace without that group.
  if (errno == EINVAL && mount("devpts", kPtsDirectory, "devpts", kFlags, "mode=600,ptmxmode=666") == 0) return Ok();
  return Error::Errno("mounting a devpts of the job's own on ", kPtsDirectory);
}

}  // namespace tardigrade::pty
