#include "supervisor/image/page_file_writer.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "protocols/page_map.h"
#include "supervisor/image/checksum.h"
#include "supervisor/image/page_layout.h"

namespace tardigrade {
namespace {

// Writes a page map through a small buffer, checksumming it on the way.
class PageMapFile {
 public:
  explicit PageMapFile(OutputFile& file) : file_(file) {}

  template <typename T>
  Status Add(const T& record) {
    const auto bytes = std::as_bytes(std::span(&record, 1));
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return buffer_.size() >= (size_t{64} << 10) ? Flush() : Ok();
  }
  Status Flush() {
    checksum_.Add(buffer_);
    RETURN_IF_ERROR(file_.Write(buffer_, bytes_), "writing the page map");
    bytes_ += buffer_.size();
    buffer_.clear();
    return Ok();
  }
  uint64_t bytes() const { return bytes_; }
  uint64_t checksum() const { return checksum_.Digest(); }

 private:
  OutputFile& file_;
  std::vector<std::byte> buffer_;
  uint64_t bytes_ = 0;
  ChecksumStream checksum_;
};

class Writer final : public PageFileWriter {
 public:
  Writer(std::unique_ptr<OutputFile> pages, std::unique_ptr<OutputFile> pagemap,
         std::function<void(const PageFileSummary&)> on_close)
      : pages_(std::move(pages)),
        pagemap_(std::move(pagemap)),
        on_close_(std::move(on_close)) {}

  using PageFileWriter::Write;
  Status Write(std::span<const std::byte> data, std::span<const PagePiece> pieces) override {
    RETURN_IF_ERROR(CheckPieces(data.size(), pieces));
    uint64_t offset = 0;
    std::vector<iovec> parts;
    {
      std::lock_guard lock(mutex_);
      if (closed_) return Error(ErrorCode::kInternal, "the page file is closed");
      offset = layout_.bytes();
      parts = layout_.Add(data.data(), pieces);
    }
    RETURN_IF_ERROR(pages_->Write(parts, offset), "writing pages");
    return Ok();
  }

  Status Refer(uint64_t address, uint64_t pages, uint32_t flags) override {
    std::lock_guard lock(mutex_);
    if (closed_) return Error(ErrorCode::kInternal, "the page file is closed");
    layout_.extents().push_back({.address = address, .pages = pages, .file_offset = 0, .flags = flags});
    return Ok();
  }

  void Reserve(uint64_t bytes) override { pages_->Reserve(bytes / page_bytes_ * page_bytes_); }

  void WriteBehind() override { pages_->WriteBehind(); }

  Status Close() override {
    std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return Error(ErrorCode::kInternal, "closed twice");
    layout_.Finish();
    RETURN_IF_ERROR(pages_->Finish(layout_.bytes()));
    RETURN_IF_ERROR(SortExtents());
    PageMapFile file(*pagemap_);
    RETURN_IF_ERROR(WritePageMap(file));
    RETURN_IF_ERROR(pagemap_->Finish(file.bytes()));
    on_close_({.pages_bytes = layout_.bytes(),
               .pages_checksum = Checksum(std::as_bytes(std::span(layout_.frame_checksums()))),
               .pagemap_bytes = file.bytes(),
               .pagemap_checksum = file.checksum()});
    return Ok();
  }

 private:
  Status CheckPieces(size_t data_bytes, std::span<const PagePiece> pieces) const {
    uint64_t bytes = 0;
    for (const PagePiece& piece : pieces) {
      const bool aligned = piece.address % page_bytes_ == 0 && piece.bytes % page_bytes_ == 0;
      if (!aligned || piece.bytes > data_bytes ||
          (piece.flags & ~protocol::kPageExtentAllFlags) != 0)
        return Error(ErrorCode::kInternal,
                     StrCat("malformed run of pages at ", Hex(piece.address)));
      bytes += piece.bytes;
    }
    if (bytes != data_bytes)
      return Error(ErrorCode::kInternal, "the runs of pages do not fit the data");
    return Ok();
  }

  // By address; those that meet both in memory and in the file become one.
  Status SortExtents() {
    std::vector<PageExtent>& extents = layout_.extents();
    const auto by_address = [](const PageExtent& a, const PageExtent& b) {
      return a.address < b.address;
    };
    if (!std::is_sorted(extents.begin(), extents.end(), by_address))
      std::sort(extents.begin(), extents.end(), by_address);
    size_t kept = 0;
    for (size_t i = 1; i < extents.size(); ++i) {
      PageExtent& last = extents[kept];
      const uint64_t bytes = last.pages * page_bytes_;
      if (last.address + bytes > extents[i].address)
        return Error(ErrorCode::kInternal,
                     StrCat("the page at ", Hex(extents[i].address), " was saved twice"));
      const bool meets = last.address + bytes == extents[i].address &&
                         (last.is_parents() || last.file_offset + bytes == extents[i].file_offset) &&
                         last.flags == extents[i].flags;
      if (meets) {
        last.pages += extents[i].pages;
      } else {
        extents[++kept] = extents[i];
      }
    }
    if (!extents.empty()) extents.resize(kept + 1);
    return Ok();
  }

  Status WritePageMap(PageMapFile& file) {
    RETURN_IF_ERROR(file.Add(protocol::PageMapHeader{
        .magic = protocol::kPageMapMagic,
        .version = protocol::kPageMapVersion,
        .page_size = static_cast<uint32_t>(page_bytes_),
        .frame_bytes = protocol::kPageFrameBytes,
        .extent_count = layout_.extents().size(),
        .frame_count = layout_.frame_checksums().size(),
        .data_bytes = layout_.bytes(),
        .reserved = 0,
    }));
    for (const PageExtent& extent : layout_.extents()) {
      RETURN_IF_ERROR(file.Add(protocol::PageMapExtent{.address = extent.address,
                                                       .pages = extent.pages,
                                                       .file_offset = extent.file_offset,
                                                       .flags = extent.flags,
                                                       .reserved = 0}));
    }
    for (const uint64_t checksum : layout_.frame_checksums()) RETURN_IF_ERROR(file.Add(checksum));
    return file.Flush();
  }

  const std::unique_ptr<OutputFile> pages_;
  const std::unique_ptr<OutputFile> pagemap_;
  const std::function<void(const PageFileSummary&)> on_close_;
  const uint64_t page_bytes_ = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  std::mutex mutex_;  // Of what follows.
  bool closed_ = false;
  PageLayout layout_;
};

}  // namespace

std::unique_ptr<PageFileWriter> CreatePageFile(
    std::unique_ptr<OutputFile> pages, std::unique_ptr<OutputFile> pagemap,
    std::function<void(const PageFileSummary&)> on_close) {
  return std::make_unique<Writer>(std::move(pages), std::move(pagemap), std::move(on_close));
}

}  // namespace tardigrade
