#include "supervisor/image/page_layout.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "protocols/page_map.h"

namespace tardigrade {
namespace {

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

PageLayout::PageLayout() : page_bytes_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {}

std::vector<iovec> PageLayout::Add(const std::byte* data, std::span<const PagePiece> pieces) {
  std::vector<iovec> parts;
  for (const PagePiece& piece : pieces) {
    AddPiece(data, piece, parts);
    data += piece.bytes;
  }
  for (const iovec& part : parts)
    AddToFrames({static_cast<const std::byte*>(part.iov_base), part.iov_len});
  return parts;
}

void PageLayout::AddPiece(const std::byte* data, const PagePiece& piece,
                          std::vector<iovec>& parts) {
  const bool keep_zeroes = (piece.flags & protocol::kPageExtentFileBacked) != 0;
  size_t at = 0;
  while (at < piece.bytes) {
    size_t now = piece.bytes - at;
    if (!keep_zeroes) {
      const size_t gap = BytesUntil(false, data + at, now, page_bytes_);
      const size_t worthwhile = extents_.size() < kManyExtents ? 1 : kWorthwhileGapPages;
      if (gap == now || gap >= worthwhile * page_bytes_) {
        at += gap;
        continue;
      }
      now = gap + BytesUntil(true, data + at + gap, now - gap, page_bytes_);
    }
    AddExtent(piece.address + at, now, piece.flags);
    AddData(data + at, now, parts);
    at += now;
  }
}

void PageLayout::AddData(const std::byte* data, size_t bytes, std::vector<iovec>& parts) {
  bytes_ += bytes;
  if (!parts.empty() &&
      static_cast<std::byte*>(parts.back().iov_base) + parts.back().iov_len == data) {
    parts.back().iov_len += bytes;
  } else {
    parts.push_back({.iov_base = const_cast<std::byte*>(data), .iov_len = bytes});
  }
}

void PageLayout::AddExtent(uint64_t address, size_t bytes, uint32_t flags) {
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

void PageLayout::AddToFrames(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t now = std::min(bytes.size(), protocol::kPageFrameBytes - frame_filled_);
    frame_.Add(bytes.first(now));
    bytes = bytes.subspan(now);
    frame_filled_ += now;
    if (frame_filled_ == protocol::kPageFrameBytes) Finish();
  }
}

void PageLayout::Finish() {
  if (frame_filled_ == 0) return;
  frame_checksums_.push_back(frame_.Digest());
  frame_.Reset();
  frame_filled_ = 0;
}

}  // namespace tardigrade
