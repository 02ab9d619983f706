#include "supervisor/image/page_sink.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "protocols/page_map.h"

namespace tardigrade {
namespace {

// What is checksummed and written at a time: fits the second-level cache.
constexpr size_t kSliceBytes = size_t{256} << 10;
constexpr size_t kMaxQueued = 256;  // Below IOV_MAX.

// With this many extents, short runs of zeroes are written instead of starting yet another one, so
// that the list stays at some 10 MiB for anything but memory with a hole every few pages.
constexpr size_t kManyExtents = size_t{1} << 18;
constexpr size_t kWorthwhileGapPages = 64;

bool IsZero(const std::byte* page, size_t bytes) {
  // Most pages that are not zero show it soon.
  for (size_t at = 0; at < bytes; at += 64) {
    uint64_t words[8];
    std::memcpy(words, page + at, sizeof(words));
    if ((words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7]) !=
        0)
      return false;
  }
  return true;
}

// Bytes of `data` until the first page that is zero (`zero`), or is not.
size_t BytesUntil(bool zero, const std::byte* data, size_t bytes, size_t page_bytes) {
  size_t at = 0;
  while (at < bytes && IsZero(data + at, page_bytes) != zero) at += page_bytes;
  return at;
}

}  // namespace

PageSink::PageSink(int pages_fd)
    : fd_(pages_fd), page_bytes_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
  queued_.reserve(kMaxQueued);
}

Status PageSink::Write(const std::byte* data, std::span<const PagePiece> pieces) {
  for (const PagePiece& piece : pieces) {
    RETURN_IF_ERROR(WritePiece(data, piece));
    data += piece.bytes;
  }
  return Flush();
}

Status PageSink::WritePiece(const std::byte* data, const PagePiece& piece) {
  const bool keep_zeroes = (piece.flags & protocol::kPageExtentFileBacked) != 0;
  size_t at = 0;
  while (at < piece.bytes) {
    size_t left = std::min<size_t>(piece.bytes - at, kSliceBytes);
    if (!keep_zeroes) {
      const size_t gap = BytesUntil(false, data + at, left, page_bytes_);
      const size_t worthwhile = extents_.size() < kManyExtents ? 1 : kWorthwhileGapPages;
      if (gap == left || gap >= worthwhile * page_bytes_) {
        at += gap;
        continue;
      }
      left =
          std::max(gap + BytesUntil(true, data + at + gap, left - gap, page_bytes_), page_bytes_);
    }
    AddExtent(piece.address + at, left, piece.flags);
    RETURN_IF_ERROR(Append(data + at, left));
    at += left;
  }
  return Ok();
}

void PageSink::AddExtent(uint64_t address, size_t bytes, uint32_t flags) {
  const uint64_t pages = bytes / page_bytes_;
  if (!extents_.empty()) {
    PageExtent& last = extents_.back();
    if (last.address + last.pages * page_bytes_ == address && last.flags == flags) {
      last.pages += pages;  // File offsets follow one another anyway.
      return;
    }
  }
  extents_.push_back({.address = address, .pages = pages, .file_offset = bytes_, .flags = flags});
}

Status PageSink::Append(const std::byte* data, size_t bytes) {
  if (!queued_.empty() &&
      static_cast<std::byte*>(queued_.back().iov_base) + queued_.back().iov_len == data) {
    queued_.back().iov_len += bytes;
  } else {
    queued_.push_back({.iov_base = const_cast<std::byte*>(data), .iov_len = bytes});
  }
  queued_bytes_ += bytes;
  bytes_ += bytes;
  return queued_bytes_ >= kSliceBytes || queued_.size() == kMaxQueued ? Flush() : Ok();
}

Status PageSink::Flush() {
  for (const iovec& part : queued_)
    AddToFrames({static_cast<const std::byte*>(part.iov_base), part.iov_len});
  std::span<iovec> rest(queued_);
  while (queued_bytes_ > 0) {
    const ssize_t n = pwritev(fd_, rest.data(), static_cast<int>(rest.size()),
                              static_cast<off_t>(bytes_ - queued_bytes_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::Errno("writing pages");
    queued_bytes_ -= static_cast<size_t>(n);
    size_t done = static_cast<size_t>(n);
    while (!rest.empty() && done >= rest.front().iov_len) {
      done -= rest.front().iov_len;
      rest = rest.subspan(1);
    }
    if (done > 0) {
      rest.front().iov_base = static_cast<std::byte*>(rest.front().iov_base) + done;
      rest.front().iov_len -= done;
    }
  }
  queued_.clear();
  return Ok();
}

void PageSink::AddToFrames(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t now = std::min(bytes.size(), protocol::kPageFrameBytes - frame_filled_);
    frame_.Add(bytes.first(now));
    bytes = bytes.subspan(now);
    frame_filled_ += now;
    if (frame_filled_ == protocol::kPageFrameBytes) Finish();
  }
}

void PageSink::Finish() {
  if (frame_filled_ == 0) return;
  frame_checksums_.push_back(frame_.Digest());
  frame_.Reset();
  frame_filled_ = 0;
}

}  // namespace tardigrade
