#include "supervisor/transport/read_memory.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {
namespace {

constexpr size_t kMaxPieces = 1024;  // IOV_MAX.

Error Gone(pid_t pid) { return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " is gone")); }

class MemoryReader {
 public:
  explicit MemoryReader(pid_t pid) : pid_(pid) {}

  // Fills `buffer` with `pieces`, one after the other.
  Status Read(std::span<const PagePiece> pieces, std::span<std::byte> buffer) {
    size_t piece = 0, within = 0;  // What is to be read next.
    while (piece < pieces.size()) {
      ASSIGN_OR_RETURN(size_t got, ReadDirectly(pieces.subspan(piece), within, buffer));
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
  ScopedFd file_;
  std::vector<iovec> remote_;
};

// Takes the next buffer's worth off `runs`; `done` bytes of the first one are read already.
std::vector<PagePiece> NextPieces(std::span<const PageRun>& runs, uint64_t& done,
                                  uint64_t buffer_bytes, uint64_t page_bytes) {
  std::vector<PagePiece> pieces;
  uint64_t left = buffer_bytes / page_bytes * page_bytes;
  while (!runs.empty() && left > 0 && pieces.size() < kMaxPieces) {
    const PageRun& run = runs.front();
    const uint64_t bytes = std::min(run.pages * page_bytes - done, left);
    if (bytes > 0)
      pieces.push_back({.address = run.address + done, .bytes = bytes, .flags = run.flags});
    left -= bytes;
    done += bytes;
    if (done < run.pages * page_bytes) break;
    runs = runs.subspan(1);
    done = 0;
  }
  return pieces;
}

}  // namespace

Status SaveMemory(pid_t pid, std::span<const PageRun> runs, PageFileWriter& pages,
                  Progress& progress) {
  const uint64_t page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t total = 0;
  for (const PageRun& run : runs) total += run.pages * page_bytes;
  progress.Begin("memory", total);
  MemoryReader reader(pid);
  uint64_t done = 0;
  while (!runs.empty()) {
    ASSIGN_OR_RETURN(const std::span<std::byte> buffer, pages.Buffer());
    const std::vector<PagePiece> pieces = NextPieces(runs, done, buffer.size(), page_bytes);
    if (pieces.empty()) break;
    RETURN_IF_ERROR(reader.Read(pieces, buffer));
    RETURN_IF_ERROR(pages.CommitPieces(pieces));
    uint64_t bytes = 0;
    for (const PagePiece& piece : pieces) bytes += piece.bytes;
    progress.Advance(bytes);
  }
  progress.End();
  return Ok();
}

}  // namespace tardigrade
