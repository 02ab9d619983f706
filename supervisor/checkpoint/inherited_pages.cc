#include "supervisor/checkpoint/inherited_pages.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "protocols/page_map.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/pagemap_abi.h"

namespace tardigrade {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr size_t kPagesAtATime = 256;  // Fits the second-level cache, twice.

// The same memory at the same address, as far as maps tells.
bool IsSameMemory(const MemoryMapping& a, const MemoryMapping& b) {
  if (a.shared || b.shared || a.path.starts_with("/anon_hugepage")) return false;
  if (a.inode != b.inode || a.dev != b.dev) return false;
  return a.inode == 0 || a.offset - a.start == b.offset - b.start;
}

void Add(uint64_t start, uint64_t end, uint32_t flags, std::vector<PageRun>& runs) {
  if (!runs.empty() && runs.back().flags == flags && runs.back().address + runs.back().pages * kPageBytes == start) {
    runs.back().pages += (end - start) / kPageBytes;
  } else {
    runs.push_back({.address = start, .pages = (end - start) / kPageBytes, .flags = flags});
  }
}

Status ReadEntries(int fd, uint64_t address, std::span<uint64_t> entries) {
  return PreadAll(fd, std::as_writable_bytes(entries), address / kPageBytes * 8);
}

bool IsPresent(uint64_t entry) { return (entry & pagemap_abi::kPmPresent) != 0; }
bool IsShared(uint64_t entry) { return IsPresent(entry) && (entry & pagemap_abi::kPmExclusive) == 0; }

class Splitter {
 public:
  Splitter(const ProcessSurvey& child, const ProcessSurvey& parent)
      : child_(child), parent_(parent) {}

  Result<SplitPages> Run(const std::vector<PageRun>& save) {
    ASSIGN_OR_RETURN(child_map_, OpenFile(StrCat("/proc/", child_.pid, "/pagemap"), O_RDONLY));
    ASSIGN_OR_RETURN(parent_map_, OpenFile(StrCat("/proc/", parent_.pid, "/pagemap"), O_RDONLY));
    for (const PageRun& run : save) {
      uint64_t at = run.address;
      const uint64_t end = run.address + run.pages * kPageBytes;
      while (at < end) {
        uint64_t piece_end = end;
        if (IsCommon(at, &piece_end)) {
          RETURN_IF_ERROR(Compare(at, piece_end, run.flags));
        } else {
          Add(at, piece_end, run.flags, out_.own);
        }
        at = piece_end;
      }
    }
    return std::move(out_);
  }

 private:
  static const MemoryMapping* FirstAbove(const ProcessSurvey& process, uint64_t address) {
    const auto it = std::partition_point(process.mappings.begin(), process.mappings.end(),
                                         [&](const MemoryMapping& m) { return m.end <= address; });
    return it == process.mappings.end() ? nullptr : &*it;
  }

  // Whether both have the same memory at `address`, and up to where that is so.
  bool IsCommon(uint64_t address, uint64_t* end) const {
    const MemoryMapping* own = FirstAbove(child_, address);
    const MemoryMapping* theirs = FirstAbove(parent_, address);
    if (own != nullptr) *end = std::min(*end, own->start > address ? own->start : own->end);
    if (theirs != nullptr) *end = std::min(*end, theirs->start > address ? theirs->start : theirs->end);
    return own != nullptr && theirs != nullptr && own->start <= address && theirs->start <= address && IsSameMemory(*own, *theirs);
  }

  Status Compare(uint64_t start, uint64_t end, uint32_t flags) {
    uint64_t own[kPagesAtATime], theirs[kPagesAtATime];
    while (start < end) {
      const size_t pages = std::min<uint64_t>(kPagesAtATime, (end - start) / kPageBytes);
      RETURN_IF_ERROR(ReadEntries(child_map_.get(), start, std::span(own).first(pages)));
      RETURN_IF_ERROR(ReadEntries(parent_map_.get(), start, std::span(theirs).first(pages)));
      bool same[kPagesAtATime] = {};
      JudgeByEntries(std::span(own).first(pages), std::span(theirs).first(pages), same);
      if (!sees_frames_) JudgeByContents(start, std::span(own).first(pages), std::span(theirs).first(pages), same);
      for (size_t i = 0; i < pages; ++i, start += kPageBytes) {
        if (same[i]) {
          Add(start, start + kPageBytes, flags | protocol::kPageExtentSameAsParent, out_.inherited);
        } else {
          Add(start, start + kPageBytes, flags, out_.own);
        }
      }
    }
    return Ok();
  }

  // Documentation/admin-guide/mm/pagemap.rst: 0 for who may not see them.
  void JudgeByEntries(std::span<const uint64_t> own, std::span<const uint64_t> theirs, bool* same) {
    constexpr uint64_t kFrame = (uint64_t{1} << 55) - 1;
    for (size_t i = 0; i < own.size(); ++i) {
      if (!IsPresent(own[i]) || !IsPresent(theirs[i]) || (own[i] & kFrame) == 0) continue;
      sees_frames_ = true;
      same[i] = (own[i] & kFrame) == (theirs[i] & kFrame);
    }
  }

  // Best effort: what cannot be read is taken for different.
  void JudgeByContents(uint64_t start, std::span<const uint64_t> own, std::span<const uint64_t> theirs, bool* same) {
    const auto is_candidate = [&](size_t i) { return IsShared(own[i]) && IsShared(theirs[i]); };
    for (size_t i = 0; i < own.size();) {
      size_t end = i;
      while (end < own.size() && is_candidate(end)) ++end;
      if (end == i) {
        ++i;
        continue;
      }
      const size_t bytes = (end - i) * kPageBytes;
      child_bytes_.resize(std::max(child_bytes_.size(), bytes));
      parent_bytes_.resize(child_bytes_.size());
      if (Read(child_mem_, child_.pid, start + i * kPageBytes, std::span(child_bytes_).first(bytes)) &&
          Read(parent_mem_, parent_.pid, start + i * kPageBytes, std::span(parent_bytes_).first(bytes))) {
        for (size_t page = i; page < end; ++page)
          same[page] = std::memcmp(&child_bytes_[(page - i) * kPageBytes], &parent_bytes_[(page - i) * kPageBytes], kPageBytes) == 0;
      }
      i = end;
    }
  }

  // Not by process_vm_readv(2), which takes the sharing away: see ReadHow.
  static bool Read(ScopedFd& file, pid_t pid, uint64_t address, std::span<std::byte> bytes) {
    if (!file.valid()) {
      Result<ScopedFd> opened = OpenFile(StrCat("/proc/", pid, "/mem"), O_RDONLY);
      if (!opened.has_value()) return false;
      file = std::move(opened).value();
    }
    return PreadAll(file.get(), bytes, address).has_value();
  }

  const ProcessSurvey& child_;
  const ProcessSurvey& parent_;
  ScopedFd child_map_;
  ScopedFd parent_map_;
  ScopedFd child_mem_;   // Opened when needed.
  ScopedFd parent_mem_;
  bool sees_frames_ = false;
  std::vector<std::byte> child_bytes_;
  std::vector<std::byte> parent_bytes_;
  SplitPages out_;
};

}  // namespace

Result<SharedPages> SplitSharedPages(pid_t pid, const std::vector<PageRun>& runs) {
  SharedPages out;
  ASSIGN_OR_RETURN(const ScopedFd map, OpenFile(StrCat("/proc/", pid, "/pagemap"), O_RDONLY));
  uint64_t longest = 0;
  for (const PageRun& run : runs) longest = std::max(longest, run.pages);
  std::vector<uint64_t> entries(std::min<uint64_t>(longest, 8192));
  for (const PageRun& run : runs) {
    for (uint64_t done = 0; done < run.pages;) {
      const std::span now = std::span(entries).first(std::min<uint64_t>(entries.size(), run.pages - done));
      const uint64_t start = run.address + done * kPageBytes;
      RETURN_IF_ERROR(ReadEntries(map.get(), start, now));
      for (size_t i = 0; i < now.size();) {
        size_t end = i + 1;
        while (end < now.size() && IsShared(now[end]) == IsShared(now[i])) ++end;
        Add(start + i * kPageBytes, start + end * kPageBytes, run.flags, IsShared(now[i]) ? out.shared : out.own);
        i = end;
      }
      done += now.size();
    }
  }
  return out;
}

Result<SplitPages> SplitInheritedPages(const ProcessSurvey& child, const ProcessSurvey& parent,
                                       const std::vector<PageRun>& save) {
  return Splitter(child, parent).Run(save);
}

}  // namespace tardigrade
