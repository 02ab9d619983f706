#include "supervisor/image/page_file_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "protocols/page_map.h"
#include "supervisor/base/file_io.h"
#include "supervisor/image/checksum.h"

namespace tardigrade {
namespace {

using protocol::PageMapExtent;
using protocol::PageMapHeader;

constexpr uint64_t kMaxExtents = uint64_t{1} << 24;
constexpr uint64_t kMaxDataBytes = uint64_t{1} << 46;
constexpr uint64_t kMaxAddress = uint64_t{1} << 57;  // User space under five-level paging.

Error Bad(const std::string& what) { return Error(ErrorCode::kBadImage, "page map: " + what); }

Result<uint64_t> FileSize(int fd) {
  struct stat st = {};
  if (fstat(fd, &st) != 0) return Error::Errno("fstat");
  return static_cast<uint64_t>(st.st_size);
}

class Reader final : public PageFileReader {
 public:
  Reader(ScopedFd pages_fd, std::vector<PageExtent> extents, std::vector<uint64_t> frames)
      : pages_fd_(std::move(pages_fd)), extents_(std::move(extents)), frames_(std::move(frames)) {}

  std::span<const PageExtent> extents() const override { return extents_; }
  int fd() const override { return pages_fd_.get(); }
  std::span<const uint64_t> frame_checksums() const override { return frames_; }

 private:
  const ScopedFd pages_fd_;
  const std::vector<PageExtent> extents_;
  const std::vector<uint64_t> frames_;
};

Status CheckHeader(const PageMapHeader& header, uint64_t map_bytes, uint64_t pages_bytes) {
  if (header.magic != protocol::kPageMapMagic) return Bad("wrong magic number");
  if (header.version != protocol::kPageMapVersion)
    return Bad(StrCat("version ", header.version, "; this build reads version ",
                      protocol::kPageMapVersion));
  if (header.page_size != static_cast<uint64_t>(sysconf(_SC_PAGESIZE)))
    return Bad(StrCat("pages of ", header.page_size, " bytes"));
  if (header.frame_bytes != protocol::kPageFrameBytes || header.reserved != 0)
    return Bad("malformed header");
  if (header.data_bytes > kMaxDataBytes || header.extent_count > kMaxExtents)
    return Bad("too large");
  if (header.frame_count != (header.data_bytes + header.frame_bytes - 1) / header.frame_bytes)
    return Bad("the number of frames does not fit the size");
  if (header.data_bytes != pages_bytes)
    return Bad(StrCat("the page file has ", pages_bytes, " bytes instead of ", header.data_bytes));
  const uint64_t expected = sizeof(header) + header.extent_count * sizeof(PageMapExtent) +
                            header.frame_count * sizeof(uint64_t);
  if (map_bytes != expected) return Bad(StrCat(map_bytes, " bytes instead of ", expected));
  return Ok();
}

// `end` is where the extent before this one ended.
Status CheckExtent(const PageMapExtent& extent, const PageMapHeader& header, uint64_t end) {
  const auto bad = [&](const char* what) {
    return Bad(StrCat("extent at ", Hex(extent.address), " ", what));
  };
  const uint64_t page = header.page_size;
  if (extent.address % page != 0 || extent.file_offset % page != 0) return bad("is not aligned");
  if (extent.pages == 0) return bad("is empty");
  if (extent.address > kMaxAddress || extent.pages > (kMaxAddress - extent.address) / page)
    return bad("lies outside user space");
  if ((extent.flags & protocol::kPageExtentSameAsParent) != 0) {
    if (extent.file_offset != 0) return bad("is the parent's, and yet in the page file");
  } else if (extent.file_offset > header.data_bytes ||
             extent.pages > (header.data_bytes - extent.file_offset) / page) {
    return bad("lies outside the page file");
  }
  if ((extent.flags & ~protocol::kPageExtentAllFlags) != 0 || extent.reserved != 0)
    return bad("has unknown flags");
  if (extent.address < end) return bad("is out of order or overlaps the one before");
  return Ok();
}

Result<std::vector<PageExtent>> ReadExtents(int fd, const PageMapHeader& header) {
  std::vector<PageExtent> extents;
  extents.reserve(header.extent_count);
  std::vector<PageMapExtent> piece(std::min<uint64_t>(header.extent_count, 4096));
  uint64_t end = 0;
  while (extents.size() < header.extent_count) {
    const std::span now = std::span(piece).first(
        std::min<uint64_t>(piece.size(), header.extent_count - extents.size()));
    RETURN_IF_ERROR(PreadAll(fd, std::as_writable_bytes(now),
                             sizeof(header) + extents.size() * sizeof(PageMapExtent)));
    for (const PageMapExtent& extent : now) {
      RETURN_IF_ERROR(CheckExtent(extent, header, end));
      end = extent.address + extent.pages * header.page_size;
      extents.push_back({.address = extent.address,
                         .pages = extent.pages,
                         .file_offset = extent.file_offset,
                         .flags = extent.flags});
    }
  }
  return extents;
}

}  // namespace

Result<std::unique_ptr<PageFileReader>> OpenPageFile(ScopedFd pages_fd, int pagemap_fd) {
  ASSIGN_OR_RETURN(const uint64_t map_bytes, FileSize(pagemap_fd));
  ASSIGN_OR_RETURN(const uint64_t pages_bytes, FileSize(pages_fd.get()));
  PageMapHeader header = {};
  if (map_bytes < sizeof(header)) return Bad("truncated");
  RETURN_IF_ERROR(PreadAll(pagemap_fd, std::as_writable_bytes(std::span(&header, 1)), 0));
  RETURN_IF_ERROR(CheckHeader(header, map_bytes, pages_bytes));
  ASSIGN_OR_RETURN(std::vector<PageExtent> extents, ReadExtents(pagemap_fd, header));
  std::vector<uint64_t> frames(header.frame_count);
  RETURN_IF_ERROR(PreadAll(pagemap_fd, std::as_writable_bytes(std::span(frames)),
                           map_bytes - header.frame_count * sizeof(uint64_t)));
  return std::unique_ptr<PageFileReader>(
      std::make_unique<Reader>(std::move(pages_fd), std::move(extents), std::move(frames)));
}

Status VerifyFrames(const PageFileReader& reader) {
  ASSIGN_OR_RETURN(const uint64_t bytes, FileSize(reader.fd()));
  std::vector<std::byte> frame(protocol::kPageFrameBytes);
  uint64_t offset = 0;
  for (const uint64_t checksum : reader.frame_checksums()) {
    const std::span now = std::span(frame).first(std::min<uint64_t>(frame.size(), bytes - offset));
    RETURN_IF_ERROR(PreadAll(reader.fd(), now, offset));
    if (Checksum(now) != checksum)
      return Error(ErrorCode::kBadImage, StrCat("the data at offset ", offset, " is corrupt"));
    offset += now.size();
  }
  return Ok();
}

}  // namespace tardigrade
