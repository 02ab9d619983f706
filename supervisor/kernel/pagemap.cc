#include "supervisor/kernel/pagemap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "protocols/page_map.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/pagemap_abi.h"

namespace tardigrade {
namespace {

using namespace pagemap_abi;  // NOLINT(google-build-using-namespace)

uint64_t PageBytes() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

void Append(uint64_t start, uint64_t end, uint32_t flags, std::vector<PageRun>& runs) {
  static const uint64_t page_bytes = PageBytes();
  const uint64_t pages = (end - start) / page_bytes;
  if (!runs.empty()) {
    PageRun& last = runs.back();
    if (last.address + last.pages * page_bytes == start && last.flags == flags) {
      last.pages += pages;
      return;
    }
  }
  runs.push_back({.address = start, .pages = pages, .flags = flags});
}

uint32_t BaseFlags(bool file_backed) { return file_backed ? protocol::kPageExtentFileBacked : 0; }

// fs/proc/task_mmu.c, do_pagemap_scan().
class ScanningPagemap final : public Pagemap {
 public:
  ScanningPagemap(ScopedFd fd, bool sees_guards, bool no_guards)
      : fd_(std::move(fd)), sees_guards_(sees_guards), no_guards_(no_guards), regions_(2048) {}

  Method method() const override { return Method::kScan; }
  bool knows_guards() const override { return sees_guards_ || no_guards_; }

  Status Find(uint64_t start, uint64_t end, bool file_backed, PageRuns& runs) override {
    // The zero page under a file mapping hides what the file has there.
    const uint64_t leave_out = kPageIsFile | (file_backed ? 0 : kPageIsPfnzero);
    while (start < end) {
      PmScanArg arg = {};
      arg.size = sizeof(arg);
      arg.start = start;
      arg.end = end;
      arg.vec = reinterpret_cast<uint64_t>(regions_.data());
      arg.vec_len = regions_.size();
      arg.category_inverted = arg.category_mask = leave_out;
      arg.category_anyof_mask = kPageIsPresent | kPageIsSwapped;
      arg.return_mask = kPageIsHuge | (sees_guards_ ? kPageIsGuard : 0);
      const int count = ioctl(fd_.get(), kPagemapScan, &arg);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == ESRCH)
        return Error(ErrorCode::kTraceeGone, "it has no memory any more");
      if (count < 0) return Error::Errno("scanning page tables at ", Hex(start));
      for (const PageRegion& region : std::span(regions_).first(static_cast<size_t>(count)))
        Add(region, BaseFlags(file_backed), runs);
      // A walk that took more than one round inside the kernel may report the end of the round
      // before the last as its own (seen on 6.18): what was listed is never walked again.
      if (count == 0) break;
      start = std::max(arg.walk_end, regions_[static_cast<size_t>(count) - 1].end);
    }
    return Ok();
  }

  // Tries the ioctl on nothing: an unknown category is EINVAL, an unknown ioctl ENOTTY.
  static bool Knows(int fd, uint64_t categories) {
    PmScanArg arg = {};
    arg.size = sizeof(arg);
    arg.category_mask = categories;
    arg.return_mask = categories;
    PageRegion region;
    arg.vec = reinterpret_cast<uint64_t>(&region);
    arg.vec_len = 1;
    return ioctl(fd, kPagemapScan, &arg) >= 0;
  }

 private:
  static void Add(const PageRegion& region, uint32_t flags, PageRuns& runs) {
    if ((region.categories & kPageIsGuard) != 0) {
      Append(region.start, region.end, 0, runs.guards);
      return;
    }
    if ((region.categories & kPageIsHuge) != 0) flags |= protocol::kPageExtentHuge;
    Append(region.start, region.end, flags, runs.save);
  }

  const ScopedFd fd_;
  const bool sees_guards_;
  const bool no_guards_;  // This kernel has none.
  std::vector<PageRegion> regions_;
};

// fs/proc/task_mmu.c, pagemap_read().
class ReadingPagemap final : public Pagemap {
 public:
  ReadingPagemap(ScopedFd fd, bool knows_guards)
      : fd_(std::move(fd)), knows_guards_(knows_guards), entries_(8192) {}

  Method method() const override { return Method::kRead; }
  bool knows_guards() const override { return knows_guards_; }

  Status Find(uint64_t start, uint64_t end, bool file_backed, PageRuns& runs) override {
    while (start < end) {
      const size_t count = std::min<uint64_t>(entries_.size(), (end - start) / page_bytes_);
      const std::span now = std::span(entries_).first(count);
      RETURN_IF_ERROR(Read(start, now));
      for (const uint64_t entry : now) {
        Add(start, entry, BaseFlags(file_backed), runs);
        start += page_bytes_;
      }
    }
    return Ok();
  }

 private:
  Status Read(uint64_t start, std::span<uint64_t> entries) {
    Status status = PreadAll(fd_.get(), std::as_writable_bytes(entries), start / page_bytes_ * 8);
    if (!status.has_value() && status.error().errno_value() == EIO)
      return Error(ErrorCode::kTraceeGone, "it has no memory any more");
    if (!status.has_value())
      return std::move(status).error().While(StrCat("reading the page map at ", Hex(start)));
    return Ok();
  }

  void Add(uint64_t address, uint64_t entry, uint32_t flags, PageRuns& runs) const {
    if ((entry & kPmGuardRegion) != 0) {
      Append(address, address + page_bytes_, 0, runs.guards);
    } else if ((entry & (kPmPresent | kPmSwap)) != 0 && (entry & kPmFile) == 0) {
      Append(address, address + page_bytes_, flags, runs.save);
    }
  }

  const ScopedFd fd_;
  const bool knows_guards_;
  const uint64_t page_bytes_ = PageBytes();
  std::vector<uint64_t> entries_;
};

// A page of our own with a guard region in it, where this kernel has them.
class GuardedPage {
 public:
  GuardedPage() {
    address_ = mmap(nullptr, PageBytes(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address_ != MAP_FAILED) guarded_ = madvise(address_, PageBytes(), kMadvGuardInstall) == 0;
  }
  ~GuardedPage() {
    if (address_ != MAP_FAILED) munmap(address_, PageBytes());
  }
  GuardedPage(const GuardedPage&) = delete;
  GuardedPage& operator=(const GuardedPage&) = delete;

  bool guarded() const { return guarded_; }

  // Whether its entry of /proc/self/pagemap shows it.
  bool Shown() const {
    const Result<ScopedFd> fd = OpenFile("/proc/self/pagemap", O_RDONLY);
    if (!fd.has_value()) return false;
    uint64_t entry = 0;
    const std::span bytes = std::as_writable_bytes(std::span(&entry, 1));
    const uint64_t offset = reinterpret_cast<uint64_t>(address_) / PageBytes() * sizeof(entry);
    return PreadAll(fd.value().get(), bytes, offset).has_value() && (entry & kPmGuardRegion) != 0;
  }

 private:
  void* address_;
  bool guarded_ = false;
};

Result<ScopedFd> OpenPagemapFile(pid_t pid) {
  Result<ScopedFd> fd = OpenFile(StrCat("/proc/", pid, "/pagemap"), O_RDONLY);
  if (!fd.has_value() && (fd.error().errno_value() == ENOENT || fd.error().errno_value() == ESRCH))
    return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " is gone"));
  return fd;
}

}  // namespace

Result<std::unique_ptr<Pagemap>> Pagemap::Open(pid_t pid) {
  Result<std::unique_ptr<Pagemap>> scanning = OpenWith(pid, Method::kScan);
  if (!scanning.has_value() && scanning.error().code() != ErrorCode::kUnsupported) return scanning;
  if (scanning.has_value() && scanning.value()->knows_guards()) return scanning;
  // 6.15 shows guard regions in the entries, but not yet through the ioctl.
  ASSIGN_OR_RETURN(std::unique_ptr<Pagemap> reading, OpenWith(pid, Method::kRead));
  if (scanning.has_value() && !reading->knows_guards()) return scanning;
  return reading;
}

Result<std::unique_ptr<Pagemap>> Pagemap::OpenWith(pid_t pid, Method method) {
  ASSIGN_OR_RETURN(ScopedFd fd, OpenPagemapFile(pid));
  const GuardedPage page;
  if (method == Method::kRead)
    return std::unique_ptr<Pagemap>(
        std::make_unique<ReadingPagemap>(std::move(fd), !page.guarded() || page.Shown()));
  if (!ScanningPagemap::Knows(fd.get(), kPageIsHuge))
    return Error(ErrorCode::kUnsupported, "this kernel has no PAGEMAP_SCAN");
  const bool sees_guards = ScanningPagemap::Knows(fd.get(), kPageIsGuard);
  return std::unique_ptr<Pagemap>(
      std::make_unique<ScanningPagemap>(std::move(fd), sees_guards, !page.guarded()));
}

}  // namespace tardigrade
