#include "supervisor/restore/shared_objects.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <utility>

#include "supervisor/restore/huge_pages.h"

namespace tardigrade {
namespace {

constexpr uint64_t kLowestPlace = uint64_t{4} << 30;
constexpr uint64_t kHighestPlace = 0x7fff'ffe0'0000;

}  // namespace

Result<SharedObjects> SharedObjects::Find(const ProcessDocument& process,
                                          std::span<const Segment::Place> segments,
                                          const InheritedMemory& inherited) {
  SharedObjects objects(process);
  objects.object_of_.assign(process.mappings.size(), npos);
  std::map<std::string, std::vector<size_t>> pieces;
  for (size_t i = 0; i < process.mappings.size(); ++i) {
    if (!process.mappings[i].object.empty()) pieces[process.mappings[i].object].push_back(i);
  }
  for (const auto& [key, indices] : pieces) {
    RETURN_IF_ERROR(objects.Check(indices), "shared memory ", key);
    if (inherited.HasObject(key)) continue;
    if (indices.size() > 1 || process.mappings[indices[0]].offset != 0)
      RETURN_IF_ERROR(objects.AddObject(indices), "shared memory ", key);
  }
  RETURN_IF_ERROR(objects.ChoosePlaces(segments, inherited));
  return objects;
}

Status SharedObjects::Check(const std::vector<size_t>& pieces) const {
  const bool huge = process_->mappings[pieces[0]].HasFlag("ht");
  const uint64_t unit = huge ? kHugePageBytes : 4096;
  std::map<uint64_t, uint64_t> ranges;  // Of the object, by offset: huge pages only.
  for (const size_t index : pieces) {
    const MappingDocument& piece = process_->mappings[index];
    const uint64_t bytes = piece.end - piece.start;
    if (!piece.shared || piece.HasFlag("ht") != huge || (piece.start | piece.end | piece.offset) % unit != 0 ||
        piece.offset > kHighestPlace || bytes > kHighestPlace)
      return Error(ErrorCode::kBadImage, StrCat("the mapping at ", Hex(piece.start), " cannot be a part of it"));
    if (huge && !ranges.emplace(piece.offset, piece.offset + bytes).second)
      return Error(ErrorCode::kBadImage, "its huge pages are mapped twice");
  }
  uint64_t end = 0;
  for (const auto& [from, to] : ranges) {
    if (from < end) return Error(ErrorCode::kBadImage, "its huge pages are mapped twice");
    end = to;
  }
  return Ok();
}

Status SharedObjects::AddObject(const std::vector<size_t>& pieces) {
  Object object;
  object.huge = process_->mappings[pieces[0]].HasFlag("ht");
  for (const size_t index : pieces) {
    const MappingDocument& piece = process_->mappings[index];
    object.bytes = std::max(object.bytes, piece.offset + (piece.end - piece.start));
    object.reserves = object.reserves || !piece.HasFlag("nr");
    object_of_[index] = objects_.size();
  }
  objects_.push_back(object);
  return Ok();
}

Status SharedObjects::ChoosePlaces(std::span<const Segment::Place> segments, const InheritedMemory& inherited) {
  if (objects_.empty()) return Ok();
  std::vector<std::pair<uint64_t, uint64_t>> taken = {{inherited.zone().start, inherited.zone().end}};
  for (const Segment::Place& segment : segments) taken.emplace_back(segment.start, segment.start + segment.size);
  for (const MappingDocument& mapping : process_->mappings) taken.emplace_back(mapping.start, mapping.end);
  std::sort(taken.begin(), taken.end());
  auto next = taken.begin();
  uint64_t at = kLowestPlace;
  for (Object& object : objects_) {
    while (next != taken.end() && next->first < at + object.bytes) at = std::max(at, HugePageUp((next++)->second));
    if (at > kHighestPlace || object.bytes > kHighestPlace - at)
      return Error::Syscall(ErrorCode::kSystem, ENOMEM, "looking for room to put shared memory together");
    object.at = at;
    at = HugePageUp(at + object.bytes);
  }
  return Ok();
}

void SharedObjects::PlanMaking(SyscallPlan& plan) const {
  for (const Object& object : objects_) {
    int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    if (object.huge) flags |= MAP_HUGETLB | kHugePage2MiB;
    if (!object.reserves) flags |= MAP_NORESERVE;
    plan.Add(StrCat("making ", object.bytes, " bytes of shared memory", object.huge ? " in huge pages (vm.nr_hugepages)" : ""),
             SYS_mmap, {object.at, object.bytes, PROT_READ | PROT_WRITE, flags, -1, 0},
             {.may_fail = false, .exactly = static_cast<int64_t>(object.at)});
  }
}

bool SharedObjects::PlanPiece(size_t index, SyscallPlan& plan) const {
  if (object_of_[index] == npos) return false;
  const Object& object = objects_[object_of_[index]];
  const MappingDocument& piece = process_->mappings[index];
  const uint64_t bytes = piece.end - piece.start;
  // An old size of zero makes a further mapping: mremap(2).  Huge pages are moved instead.
  plan.Add(StrCat("mapping ", Hex(piece.start), " of shared memory"), SYS_mremap,
           {object.at + piece.offset, object.huge ? bytes : 0, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, piece.start},
           {.may_fail = false, .exactly = static_cast<int64_t>(piece.start)});
  return true;
}

void SharedObjects::PlanRemoval(SyscallPlan& plan) const {
  for (const Object& object : objects_)
    plan.Add("unmapping the whole of shared memory", SYS_munmap, {object.at, object.bytes});
}

}  // namespace tardigrade
