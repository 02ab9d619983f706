#include "supervisor/transport/read_memory.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <thread>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/base/helper_threads.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {
namespace {

constexpr size_t kMaxPieces = 1024;  // IOV_MAX.

Error Gone(pid_t pid) { return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " is gone")); }

class MemoryReader {
 public:
  MemoryReader(pid_t pid, ReadHow how) : pid_(pid), how_(how) {}

  // Fills `buffer` with `pieces`, one after the other.
  Status Read(std::span<const PagePiece> pieces, std::span<std::byte> buffer) {
    size_t piece = 0, within = 0;  // What is to be read next.
    while (piece < pieces.size()) {
      size_t got = 0;
      if (how_ == ReadHow::kPinning) {
        ASSIGN_OR_RETURN(got, ReadDirectly(pieces.subspan(piece), within, buffer));
      }
      if (got == 0) {
        // Not this page.  The rest of its piece is one mapping's and mostly of its kind.
        const PagePiece& refused = pieces[piece];
        got = refused.bytes - within;
        RETURN_IF_ERROR(ReadThroughFile(refused.address + within, buffer.first(got)));
      }
      buffer = buffer.subspan(got);
      for (within += got; piece < pieces.size() && within >= pieces[piece].bytes; ++piece)
        within -= pieces[piece].bytes;
    }
    return Ok();
  }

 private:
  // Bytes read before the first page that the kernel refuses.
  Result<size_t> ReadDirectly(std::span<const PagePiece> pieces, size_t within,
                              std::span<std::byte> buffer) {
    remote_.clear();
    size_t bytes = 0;
    for (const PagePiece& piece : pieces) {
      remote_.push_back({.iov_base = reinterpret_cast<void*>(piece.address + within),
                         .iov_len = piece.bytes - within});
      bytes += piece.bytes - within;
      within = 0;
    }
    const iovec local = {.iov_base = buffer.data(), .iov_len = bytes};
    const ssize_t n = process_vm_readv(pid_, &local, 1, remote_.data(), remote_.size(), 0);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EFAULT) return size_t{0};
    if (errno == ESRCH) return Gone(pid_);
    return Error::Errno("reading memory of process ", pid_, " at ", Hex(pieces[0].address));
  }

  // mm/gup.c: access through this file is FOLL_FORCE, so that protection does not matter.
  Status ReadThroughFile(uint64_t address, std::span<std::byte> bytes) {
    if (!file_.valid()) {
      ASSIGN_OR_RETURN(file_, OpenFile(StrCat("/proc/", pid_, "/mem"), O_RDONLY));
    }
    while (!bytes.empty()) {
      const ssize_t n = pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(address));
      if (n < 0 && errno == EINTR) continue;
      if (n == 0) return Gone(pid_);
      if (n < 0) return Error::Errno("reading memory of process ", pid_, " at ", Hex(address));
      address += static_cast<uint64_t>(n);
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return Ok();
  }

  const pid_t pid_;
  const ReadHow how_;
  ScopedFd file_;
  std::vector<iovec> remote_;
};

// What is still to be read, handed out piece by piece to threads that read at once.
class Work {
 public:
  Work(std::span<const PageRun> runs, Progress& progress) : runs_(runs), progress_(progress) {
    for (const PageRun& run : runs) total_bytes_ += run.pages * page_bytes_;
  }

  uint64_t total_bytes() const { return total_bytes_; }

  // The next pieces, up to `buffer_bytes`; none when all is taken or somebody failed.
  std::vector<PagePiece> Take(uint64_t buffer_bytes) {
    std::lock_guard lock(mutex_);
    std::vector<PagePiece> pieces;
    uint64_t left = buffer_bytes / page_bytes_ * page_bytes_;
    while (result_.has_value() && !runs_.empty() && left > 0 && pieces.size() < kMaxPieces) {
      const PageRun& run = runs_.front();
      const uint64_t bytes = std::min(run.pages * page_bytes_ - done_, left);
      if (bytes > 0)
        pieces.push_back({.address = run.address + done_, .bytes = bytes, .flags = run.flags});
      left -= bytes;
      done_ += bytes;
      if (done_ < run.pages * page_bytes_) break;
      runs_ = runs_.subspan(1);
      done_ = 0;
    }
    return pieces;
  }

  void Done(const Status& status, uint64_t bytes) {
    std::lock_guard lock(mutex_);
    if (status.has_value()) progress_.Advance(bytes);
    if (!status.has_value() && result_.has_value()) result_ = status;
  }

  const Status& result() const { return result_; }

 private:
  const uint64_t page_bytes_ = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t total_bytes_ = 0;
  std::mutex mutex_;  // Of what follows.
  std::span<const PageRun> runs_;
  uint64_t done_ = 0;  // Bytes of the first run that are taken already.
  Progress& progress_;
  Status result_ = Ok();  // The first failure.
};

// Reads into a small buffer and writes from there, while that is still in the processor's cache.
void SavePieces(pid_t pid, ReadHow how, Work& work, PageFileWriter& pages) {
  std::vector<std::byte> buffer(
      std::min<uint64_t>(work.total_bytes(), PageFileWriter::kBufferBytes));
  MemoryReader reader(pid, how);
  for (;;) {
    const std::vector<PagePiece> pieces = work.Take(buffer.size());
    if (pieces.empty()) return;
    uint64_t bytes = 0;
    for (const PagePiece& piece : pieces) bytes += piece.bytes;
    const std::span<std::byte> data = std::span(buffer).first(bytes);
    Status status = reader.Read(pieces, data);
    if (status.has_value()) status = pages.Write(data, pieces);
    work.Done(status, bytes);
  }
}

}  // namespace

Status SaveMemory(pid_t pid, std::span<const PageRun> runs, ReadHow how, PageFileWriter& pages,
                  Progress& progress) {
  // A file takes one write at a time, so that more threads than this would wait for each other.
  constexpr size_t kMaxThreads = 3;
  constexpr uint64_t kBytesWorthAThread = 8 << 20;
  Work work(runs, progress);
  progress.Begin("memory", work.total_bytes());
  static const size_t processors = std::thread::hardware_concurrency();  // Asked of a file.
  const size_t useful =
      std::min<size_t>({kMaxThreads, processors, 1 + work.total_bytes() / kBytesWorthAThread});
  const auto save = [&] { SavePieces(pid, how, work, pages); };
  std::vector<std::thread> helpers = StartHelperThreads(useful > 1 ? useful - 1 : 0, save);
  save();
  for (std::thread& helper : helpers) helper.join();
  progress.End();
  return work.result();
}

}  // namespace tardigrade
