#include "supervisor/image/disk_file.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "supervisor/image/write_behind.h"

namespace tardigrade {
namespace {

// All of `parts` at `offset`, in calls of up to IOV_MAX.
Status WriteParts(int fd, std::span<iovec> parts, uint64_t offset) {
  while (!parts.empty()) {
    const std::span<iovec> now = parts.first(std::min<size_t>(parts.size(), IOV_MAX));
    const ssize_t n =
        pwritev(fd, now.data(), static_cast<int>(now.size()), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::Errno("writing at offset ", offset);
    offset += static_cast<uint64_t>(n);
    size_t done = static_cast<size_t>(n);
    while (!parts.empty() && done >= parts.front().iov_len) {
      done -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (done == 0) continue;
    parts.front().iov_base = static_cast<std::byte*>(parts.front().iov_base) + done;
    parts.front().iov_len -= done;
  }
  return Ok();
}

class DiskFile final : public OutputFile {
 public:
  explicit DiskFile(ScopedFd fd) : fd_(std::move(fd)) {}

  using OutputFile::Write;
  Status Write(std::span<iovec> parts, uint64_t offset) override {
    RETURN_IF_ERROR(WriteParts(fd_.get(), parts, offset));
    // Not to the end: a block may go on in the next call.
    if (behind_.has_value()) behind_->Written(offset);
    return Ok();
  }

  void Reserve(uint64_t bytes) override {
    if (bytes > 0 && fallocate(fd_.get(), 0, 0, static_cast<off_t>(bytes)) == 0)
      reserved_bytes_ = bytes;
  }

  void WriteBehind() override { behind_.emplace(fd_.get()); }

  Status Finish(uint64_t bytes) override {
    if (reserved_bytes_ > bytes && ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0)
      return Error::Errno("cutting off the unused end of a file");
    return Ok();
  }

 private:
  const ScopedFd fd_;
  uint64_t reserved_bytes_ = 0;
  std::optional<tardigrade::WriteBehind> behind_;  // Last: its thread uses the file.
};

}  // namespace

std::unique_ptr<OutputFile> MakeDiskFile(ScopedFd fd) {
  return std::make_unique<DiskFile>(std::move(fd));
}

}  // namespace tardigrade
