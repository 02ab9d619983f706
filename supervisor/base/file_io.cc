#include "supervisor/base/file_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace tardigrade {

Result<ScopedFd> OpenFile(const std::string& path, int flags, unsigned mode) {
  ScopedFd fd(open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd.valid()) return Error::Errno("opening ", path);
  return fd;
}

Result<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  ASSIGN_OR_RETURN(ScopedFd fd, OpenFile(path, O_RDONLY));
  // Not part of the string: it would have to be cleared first, and most files are much shorter.
  constexpr size_t kPieceBytes = 64 << 10;
  thread_local const std::unique_ptr<char[]> piece(new char[kPieceBytes]);
  std::string text;
  for (;;) {
    const ssize_t n = read(fd.get(), piece.get(), kPieceBytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::Errno("reading ", path);
    if (n == 0) return text;
    text.append(piece.get(), static_cast<size_t>(n));
    if (text.size() > max_bytes)
      return Error::Syscall(ErrorCode::kSystem, EFBIG, StrCat("reading ", path));
  }
}

Result<std::string> ReadLink(const std::string& path) {
  std::string target(256, '\0');
  for (;;) {
    const ssize_t n = readlink(path.c_str(), target.data(), target.size());
    if (n < 0) return Error::Errno("reading the link ", path);
    if (static_cast<size_t>(n) < target.size()) {
      target.resize(static_cast<size_t>(n));
      return target;
    }
    target.resize(target.size() * 2);
  }
}

Status WriteFile(const std::string& path, const std::string& text) {
  ASSIGN_OR_RETURN(ScopedFd fd, OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(fd.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::Errno("writing ", path);
    done += static_cast<size_t>(n);
  }
  return Ok();
}

Status PwriteAll(int fd, std::span<const std::byte> bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::Errno("pwrite at offset ", offset);
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return Ok();
}

Status PreadAll(int fd, std::span<std::byte> bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::Errno("pread at offset ", offset);
    if (n == 0)
      return Error::Syscall(ErrorCode::kSystem, EIO, StrCat("end of file at offset ", offset));
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return Ok();
}

}  // namespace tardigrade
