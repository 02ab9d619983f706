#include "supervisor/restore/cow_areas.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "supervisor/base/file_io.h"
#include "supervisor/restore/huge_pages.h"

namespace tardigrade {
namespace {

constexpr uint64_t kPageBytes = 4096;
// Between areas: they must not become one, nor grow into each other.
constexpr uint64_t kGap = 2 << 20;

uint64_t EndOf(const PageExtent& extent) { return extent.address + extent.pages * kPageBytes; }

// The first mapping that ends above `address`.
size_t FirstAbove(const std::vector<MappingDocument>& mappings, uint64_t address) {
  const auto it = std::partition_point(mappings.begin(), mappings.end(), [&](const MappingDocument& m) { return m.end <= address; });
  return static_cast<size_t>(it - mappings.begin());
}

}  // namespace

class CowAreas::Planner {
 public:
  explicit Planner(const LoadedImage& image) : image_(image), count_(image.processes.size()) {}

  Result<CowAreas> Run() {
    std::map<int32_t, size_t> index;
    first_.push_back(0);
    for (size_t i = 0; i < count_; ++i) {
      index.emplace(Document(i).pid, i);
      parent_.push_back(Document(i).parent == 0 ? npos : image_.memory_of[index.at(Document(i).parent)]);
      first_.push_back(first_.back() + Document(i).mappings.size());
    }
    leader_.resize(first_.back());
    std::iota(leader_.begin(), leader_.end(), size_t{0});
    for (size_t i = 0; i < count_; ++i) {
      if (image_.processes[i].has_memory()) RETURN_IF_ERROR(JoinInherited(i), "process ", Document(i).pid);
    }
    out_.work_.resize(count_);
    if (!any_) return std::move(out_);
    MakeAreas();
    for (size_t i = 0; i < count_; ++i) {
      if (parent_[i] != npos) PlanDrops(i);
    }
    return std::move(out_);
  }

 private:
  const ProcessDocument& Document(size_t i) const { return image_.processes[i].document; }

  // The mappings of all processes are numbered through; those of one area are joined.
  size_t Leader(size_t node) {
    while (leader_[node] != node) node = leader_[node] = leader_[leader_[node]];
    return node;
  }

  Status JoinInherited(size_t process) {
    const std::vector<MappingDocument>& own = Document(process).mappings;
    for (const PageExtent& extent : image_.processes[process].pages->extents()) {
      if (!extent.is_parents()) continue;
      if (parent_[process] == npos) return Error(ErrorCode::kBadImage, StrCat("the pages at ", Hex(extent.address), " are no parent's"));
      const std::vector<MappingDocument>& parents = Document(parent_[process]).mappings;
      for (size_t m = FirstAbove(own, extent.address); m < own.size() && own[m].start < EndOf(extent); ++m) {
        const uint64_t start = std::max(extent.address, own[m].start), end = std::min(EndOf(extent), own[m].end);
        RETURN_IF_ERROR(Join(process, m, parents, start, end));
      }
    }
    return Ok();
  }

  Status Join(size_t process, size_t mapping, const std::vector<MappingDocument>& parents, uint64_t start, uint64_t end) {
    const MappingDocument& own = Document(process).mappings[mapping];
    uint64_t at = start;
    for (size_t p = FirstAbove(parents, start); p < parents.size() && at < end; ++p) {
      const MappingDocument& theirs = parents[p];
      if (theirs.start > at || !IsSameMemory(own, theirs)) break;
      leader_[Leader(first_[process] + mapping)] = Leader(first_[parent_[process]] + p);
      any_ = true;
      at = theirs.end;
    }
    if (at < end) return Error(ErrorCode::kBadImage, StrCat("its parent has no such pages as those at ", Hex(at)));
    return Ok();
  }

  static bool IsSameMemory(const MappingDocument& a, const MappingDocument& b) {
    const auto is_private = [](const MappingDocument& m) { return !m.shared && !m.HasFlag("ht"); };
    if (!is_private(a) || !is_private(b) || a.backing.kind != b.backing.kind) return false;
    const auto has_file = [](const MappingDocument& m) { return !m.path.empty() && m.path[0] != '['; };
    if (!has_file(a) || !has_file(b)) return !has_file(a) && !has_file(b);
    return a.path == b.path && a.offset - a.start == b.offset - b.start;
  }

  // Parents come before their children, so the first of each set is its maker.
  void MakeAreas() {
    std::map<size_t, size_t> area_of_leader;
    std::vector<size_t> members(first_.back(), 0);
    for (size_t node = 0; node < leader_.size(); ++node) ++members[Leader(node)];
    for (size_t i = 0; i < count_; ++i) {
      const std::vector<MappingDocument>& mappings = Document(i).mappings;
      for (size_t m = 0; m < mappings.size(); ++m) {
        const size_t leader = Leader(first_[i] + m);
        if (members[leader] < 2) continue;
        const auto [it, is_new] = area_of_leader.emplace(leader, out_.areas_.size());
        if (is_new)
          out_.areas_.push_back({.at = 0, .start = mappings[m].start, .end = mappings[m].end, .maker = i, .mapping = m});
        Extend(out_.areas_[it->second], mappings[m]);
        out_.work_[i].area_of.resize(mappings.size(), npos);
        out_.work_[i].area_of[m] = it->second;
      }
    }
    for (Area& area : out_.areas_) {
      // As its final address within a huge page, so that whole page tables are moved.
      out_.bytes_ += (area.start - out_.bytes_) % kHugePageBytes;
      area.at = out_.bytes_;
      out_.bytes_ += area.end - area.start + kGap;
    }
    out_.bytes_ = HugePageUp(out_.bytes_);
  }

  static void Extend(Area& area, const MappingDocument& mapping) {
    area.start = std::min(area.start, mapping.start);
    area.end = std::max(area.end, mapping.end);
    area.prot |= mapping.prot | PROT_READ | PROT_WRITE;
    area.grows_down = area.grows_down || mapping.HasFlag("gd");
    area.reserves = area.reserves || !mapping.HasFlag("nr");
  }

  // Pages of the parent within this process's areas that it does not have itself.
  void PlanDrops(size_t process) {
    Work& work = out_.work_[process];
    if (work.area_of.empty()) return;
    const std::span<const PageExtent> own = image_.processes[process].pages->extents();
    const std::span<const PageExtent> theirs = image_.processes[parent_[process]].pages->extents();
    const std::vector<MappingDocument>& mappings = Document(process).mappings;
    for (size_t m = 0; m < mappings.size(); ++m) {
      if (work.area_of[m] == npos || out_.areas_[work.area_of[m]].maker == process) continue;
      const auto first_above = [](std::span<const PageExtent> extents, uint64_t address) {
        return std::partition_point(extents.begin(), extents.end(), [&](const PageExtent& e) { return EndOf(e) <= address; });
      };
      auto mine = first_above(own, mappings[m].start);
      for (auto it = first_above(theirs, mappings[m].start); it != theirs.end() && it->address < mappings[m].end; ++it) {
        uint64_t at = std::max(it->address, mappings[m].start);
        const uint64_t end = std::min(EndOf(*it), mappings[m].end);
        while (at < end) {
          while (mine != own.end() && EndOf(*mine) <= at) ++mine;
          const uint64_t next = mine == own.end() ? end : std::clamp(mine->address, at, end);
          if (next > at) work.drop.emplace_back(at, next);
          at = mine == own.end() ? end : std::max(next, std::min(EndOf(*mine), end));
        }
      }
    }
  }

  const LoadedImage& image_;
  const size_t count_;
  std::vector<size_t> parent_;  // The first that has the memory of the parent.
  std::vector<size_t> first_;  // Of each process's mappings, the number.
  std::vector<size_t> leader_;
  bool any_ = false;
  CowAreas out_;
};

Result<CowAreas> CowAreas::Plan(const LoadedImage& image) { return Planner(image).Run(); }

void CowAreas::Place(uint64_t start) {
  for (Area& area : areas_) area.at += start;
}

const CowAreas::Area* CowAreas::Find(size_t process, size_t mapping) const {
  if (process >= work_.size() || work_[process].area_of.empty()) return nullptr;
  const size_t area = work_[process].area_of[mapping];
  return area == npos ? nullptr : &areas_[area];
}

Status CowAreas::Fill(size_t process, const LoadedProcess& image,
                      const std::function<Result<ScopedFd>(size_t mapping)>& open_backing) const {
  if (process >= work_.size() || work_[process].area_of.empty()) return Ok();
  for (const Area& area : areas_) {
    if (area.maker == process) RETURN_IF_ERROR(Make(area, image, open_backing), "making memory for ", Hex(area.start));
  }
  const Work& work = work_[process];
  for (const auto& [start, end] : work.drop) {
    for (uint64_t at = start; at < end;) {
      uint64_t piece_end = end;
      const uint64_t now = At(image, work, at, &piece_end);
      if (now != 0 && madvise(reinterpret_cast<void*>(now), piece_end - at, MADV_DONTNEED) != 0)
        return Error::Errno("dropping memory for ", Hex(at));
      at = piece_end;
    }
  }
  return Read(image, work);
}

Status CowAreas::Make(const Area& area, const LoadedProcess& image,
                      const std::function<Result<ScopedFd>(size_t mapping)>& open_backing) const {
  ScopedFd fd;
  ASSIGN_OR_RETURN(fd, open_backing(area.mapping));
  const MappingDocument& mapping = image.document.mappings[area.mapping];
  int flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE | (fd.valid() ? 0 : MAP_ANONYMOUS);
  if (area.grows_down) flags |= MAP_GROWSDOWN | MAP_STACK;
  if (!area.reserves) flags |= MAP_NORESERVE;
  const uint64_t offset = fd.valid() ? mapping.offset - (mapping.start - area.start) : 0;
  void* const at = reinterpret_cast<void*>(area.at);
  if (mmap(at, area.end - area.start, area.prot, flags, fd.get(), static_cast<off_t>(offset)) != at)
    return Error::Errno("mmap at ", Hex(area.at));
  return Ok();
}

uint64_t CowAreas::At(const LoadedProcess& image, const Work& work, uint64_t address, uint64_t* end) const {
  const std::vector<MappingDocument>& mappings = image.document.mappings;
  const size_t m = FirstAbove(mappings, address);
  if (m == mappings.size()) return 0;
  *end = std::min(*end, mappings[m].start > address ? mappings[m].start : mappings[m].end);
  if (mappings[m].start > address || work.area_of[m] == npos) return 0;
  const Area& area = areas_[work.area_of[m]];
  return area.at + (address - area.start);
}

Status CowAreas::Read(const LoadedProcess& image, const Work& work) const {
  for (const PageExtent& extent : image.pages->extents()) {
    if (extent.is_parents()) continue;
    for (uint64_t at = extent.address; at < EndOf(extent);) {
      uint64_t piece_end = EndOf(extent);
      const uint64_t now = At(image, work, at, &piece_end);
      if (now != 0) {
        const std::span bytes(reinterpret_cast<std::byte*>(now), piece_end - at);
        RETURN_IF_ERROR(PreadAll(image.pages->fd(), bytes, extent.file_offset + (at - extent.address)), "reading pages of ", Hex(at));
      }
      at = piece_end;
    }
  }
  return Ok();
}

}  // namespace tardigrade
