#include "supervisor/resource/open_file.h"

#include <sys/stat.h>

#include <filesystem>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

constexpr uint64_t kStatusFlags = O_APPEND | O_DIRECT | O_NOATIME | O_NONBLOCK;

}  // namespace

Result<OpenFileState> ReadOpenFile(const FdFacts& file) {
  OpenFileState state;
  state.flags = file.info.flags & ~uint64_t{O_CLOEXEC};
  ASSIGN_OR_RETURN(state.owner, ReadFdOwner(file));
  return state;
}

std::string WithoutLinks(const std::string& path, uint64_t flags) {
  if ((flags & O_NOFOLLOW) == 0) return path;
  std::error_code missing;
  const std::filesystem::path real = std::filesystem::canonical(path, missing);
  return missing ? path : real.string();
}

Status SetStatusFlags(int local_fd, uint64_t flags) {
  const int now = fcntl(local_fd, F_GETFL);
  if (now < 0) return Error::Errno("F_GETFL");
  const int wanted = static_cast<int>(flags & kStatusFlags);
  if ((now & static_cast<int>(kStatusFlags)) == wanted) return Ok();
  if (fcntl(local_fd, F_SETFL, wanted) != 0)
    return Error::Errno("setting the flags 0", std::oct, flags);
  return Ok();
}

Result<ScopedFd> Reopen(int local_fd, uint64_t flags) {
  return OpenFile(StrCat("/proc/self/fd/", local_fd), static_cast<int>(flags) | O_NOCTTY);
}

Result<ScopedFd> ReopenAs(int local_fd, const OpenFileState& state) {
  // O_NONBLOCK first: opening one end of a FIFO would wait for the other.  O_DIRECT last: a pipe
  // takes it from F_SETFL and pipe2(2) only.
  const uint64_t flags = state.flags & (O_ACCMODE | O_APPEND | O_SYNC);
  Result<ScopedFd> attempt = Reopen(local_fd, flags | O_NONBLOCK);
  if (!attempt.has_value() && attempt.error().errno_value() == EACCES) {
    // Its own mode may forbid what whoever created it could do.
    struct stat st = {};
    if (fstat(local_fd, &st) != 0 || fchmod(local_fd, 0600) != 0) return std::move(attempt).error();
    attempt = Reopen(local_fd, flags | O_NONBLOCK);
    if (fchmod(local_fd, st.st_mode & 07777) != 0)
      return Error::Errno("giving an object its mode back");
  }
  ASSIGN_OR_RETURN(ScopedFd opened, std::move(attempt), "opening an object again");
  RETURN_IF_ERROR(SetStatusFlags(opened.get(), state.flags));
  return opened;
}

Status SetOffset(int local_fd, uint64_t offset) {
  if (lseek(local_fd, static_cast<off_t>(offset), SEEK_SET) != static_cast<off_t>(offset))
    return Error::Errno("moving to offset ", offset);
  return Ok();
}

Result<uint64_t> OffsetOf(const FdFacts& file) { return file.info.FindNumber("pos", 10); }

std::string InodeKey(const struct stat& stat) {
  return StrCat("inode:", stat.st_dev, ":", stat.st_ino);
}

}  // namespace tardigrade
