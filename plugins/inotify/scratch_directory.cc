#include "plugins/inotify/scratch_directory.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "supervisor/base/file_io.h"

namespace tardigrade::inotify {
namespace {

// Not attached to any directory: it is there as long as the descriptor.
ScopedFd MountTmpfs() {
  const ScopedFd context(static_cast<int>(syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
  if (!context.valid() ||
      syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return ScopedFd();
  return ScopedFd(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
}

}  // namespace

Result<ScratchDirectory> ScratchDirectory::Make(bool own_mount) {
  ScratchDirectory made;
  made.fd_ = MountTmpfs();
  if (made.fd_.valid()) return made;
  if (own_mount)
    return Error(ErrorCode::kDenied,
                 "bringing back that a watched file system was unmounted takes the right to mount "
                 "one (CAP_SYS_ADMIN)");
  std::string path = "/tmp/tardigrade-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return Error::Errno("making a directory in /tmp");
  made.path_ = path;
  ASSIGN_OR_RETURN(made.fd_, OpenFile(path, O_RDONLY | O_DIRECTORY));
  return made;
}

ScratchDirectory::ScratchDirectory(ScratchDirectory&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, "")) {}

std::string ScratchDirectory::PathOf(const std::string& name) const {
  return StrCat("/proc/self/fd/", fd_.get(), "/", name);
}

void ScratchDirectory::Remove() {
  fd_.Reset();
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  path_.clear();
}

}  // namespace tardigrade::inotify
