#include "supervisor/image/page_file_writer.h"

#include <limits.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "protocols/page_map.h"
#include "supervisor/base/file_io.h"
#include "supervisor/image/buffer_ring.h"
#include "supervisor/image/checksum.h"
#include "supervisor/image/page_layout.h"

namespace tardigrade {
namespace {

// Writes a page map through a small buffer, checksumming it on the way.
class PageMapFile {
 public:
  explicit PageMapFile(int fd) : fd_(fd) {}

  template <typename T>
  Status Add(const T& record) {
    const auto bytes = std::as_bytes(std::span(&record, 1));
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return buffer_.size() >= (size_t{64} << 10) ? Flush() : Ok();
  }
  Status Flush() {
    checksum_.Add(buffer_);
    RETURN_IF_ERROR(PwriteAll(fd_, buffer_, bytes_), "writing the page map");
    bytes_ += buffer_.size();
    buffer_.clear();
    return Ok();
  }
  uint64_t bytes() const { return bytes_; }
  uint64_t checksum() const { return checksum_.Digest(); }

 private:
  const int fd_;
  std::vector<std::byte> buffer_;
  uint64_t bytes_ = 0;
  ChecksumStream checksum_;
};

// A thread that takes no signals: they are for the threads that expect them.
template <typename Body>
Result<std::thread> StartThread(Body body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  int error = 0;
  try {
    thread = std::thread(std::move(body));
  } catch (const std::system_error& e) {
    error = e.code().value();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return Error::Syscall(ErrorCode::kSystem, error, "starting the writer thread");
  return thread;
}

// All of `parts` at `offset`, in calls of up to IOV_MAX.
Status WriteParts(int fd, std::span<iovec> parts, uint64_t offset) {
  while (!parts.empty()) {
    const std::span<iovec> now = parts.first(std::min<size_t>(parts.size(), IOV_MAX));
    const ssize_t n =
        pwritev(fd, now.data(), static_cast<int>(now.size()), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::Errno("writing pages");
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

class Writer final : public PageFileWriter {
 public:
  Writer(ScopedFd pages_fd, ScopedFd pagemap_fd, std::unique_ptr<BufferRing> ring,
         std::function<void(const PageFileSummary&)> on_close)
      : pages_fd_(std::move(pages_fd)),
        pagemap_fd_(std::move(pagemap_fd)),
        ring_(std::move(ring)),
        on_close_(std::move(on_close)) {}
  ~Writer() override { Join(); }

  Status Start() {
    ASSIGN_OR_RETURN(thread_, StartThread([this] { Drain(); }));
    return Ok();
  }

  Result<std::span<std::byte>> Buffer() override {
    if (closed_) return Error(ErrorCode::kInternal, "the page file is closed");
    if (failed_.load(std::memory_order_acquire)) return *failure_;
    return ring_->Lend();
  }

  Status Commit(uint64_t address, size_t bytes, uint32_t flags) override {
    const PagePiece piece{.address = address, .bytes = bytes, .flags = flags};
    return CommitPieces({&piece, 1});
  }

  Status CommitPieces(std::span<const PagePiece> pieces) override {
    uint64_t bytes = 0;
    for (const PagePiece& piece : pieces) {
      const bool aligned = piece.address % page_bytes_ == 0 && piece.bytes % page_bytes_ == 0;
      if (!aligned || piece.bytes > BufferRing::kBufferBytes ||
          (piece.flags & ~protocol::kPageExtentAllFlags) != 0)
        return Error(ErrorCode::kInternal,
                     StrCat("malformed run of pages at ", Hex(piece.address)));
      bytes += piece.bytes;
    }
    if (bytes > BufferRing::kBufferBytes)
      return Error(ErrorCode::kInternal, "more pages committed than fit the buffer");
    if (!ring_->lent()) return Error(ErrorCode::kInternal, "pages committed without a buffer");
    // Checksummed here, where the data has just been read: the writer thread is the slower one.
    BufferRing::Filled filled;
    filled.file_offset = layout_.bytes();
    filled.parts = layout_.Add(ring_->Lend().data(), pieces);
    if (!filled.parts.empty()) ring_->Queue(std::move(filled));  // Else the buffer stays lent.
    return Ok();
  }

  Status Close() override {
    if (std::exchange(closed_, true)) return Error(ErrorCode::kInternal, "closed twice");
    Join();
    if (failed_.load(std::memory_order_acquire)) return *failure_;
    layout_.Finish();
    RETURN_IF_ERROR(SortExtents());
    PageMapFile file(pagemap_fd_.get());
    RETURN_IF_ERROR(WritePageMap(file));
    on_close_({.pages_bytes = layout_.bytes(),
               .pages_checksum = Checksum(std::as_bytes(std::span(layout_.frame_checksums()))),
               .pagemap_bytes = file.bytes(),
               .pagemap_checksum = file.checksum()});
    return Ok();
  }

 private:
  // The writer thread.
  void Drain() {
    while (std::optional<BufferRing::Filled> next = ring_->Next()) {
      if (!failure_.has_value()) {
        Status status = WriteParts(pages_fd_.get(), next->parts, next->file_offset);
        if (!status.has_value()) {
          failure_ = std::move(status).error();
          failed_.store(true, std::memory_order_release);
        }
      }
      ring_->Release(next->buffer);  // Also after a failure: nobody waits for ever.
    }
  }

  void Join() {
    if (!thread_.joinable()) return;
    ring_->Finish();
    thread_.join();
  }

  Status SortExtents() {
    std::vector<PageExtent>& extents = layout_.extents();
    const auto by_address = [](const PageExtent& a, const PageExtent& b) {
      return a.address < b.address;
    };
    if (!std::is_sorted(extents.begin(), extents.end(), by_address))
      std::sort(extents.begin(), extents.end(), by_address);
    for (size_t i = 1; i < extents.size(); ++i) {
      if (extents[i - 1].address + extents[i - 1].pages * page_bytes_ > extents[i].address)
        return Error(ErrorCode::kInternal,
                     StrCat("the page at ", Hex(extents[i].address), " was saved twice"));
    }
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

  const ScopedFd pages_fd_;
  const ScopedFd pagemap_fd_;
  const std::unique_ptr<BufferRing> ring_;
  const std::function<void(const PageFileSummary&)> on_close_;
  const uint64_t page_bytes_ = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  bool closed_ = false;
  PageLayout layout_;
  std::optional<Error> failure_;  // The writer thread's until failed_ is set.
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<PageFileWriter>> CreatePageFile(
    ScopedFd pages_fd, ScopedFd pagemap_fd, std::function<void(const PageFileSummary&)> on_close) {
  ASSIGN_OR_RETURN(std::unique_ptr<BufferRing> ring, BufferRing::Create());
  auto writer = std::make_unique<Writer>(std::move(pages_fd), std::move(pagemap_fd),
                                         std::move(ring), std::move(on_close));
  RETURN_IF_ERROR(writer->Start());
  return std::unique_ptr<PageFileWriter>(std::move(writer));
}

}  // namespace tardigrade
