#include "supervisor/restore/inherited_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "supervisor/restore/file_factory.h"
#include "supervisor/restore/huge_pages.h"

namespace tardigrade {
namespace {

constexpr uint64_t kLowestPlace = uint64_t{4} << 30;
constexpr uint64_t kHighestPlace = 0x7fff'ffe0'0000;

// The lowest hole of `bytes` between `taken`.
Result<uint64_t> FindHole(uint64_t bytes, std::vector<std::pair<uint64_t, uint64_t>> taken) {
  std::sort(taken.begin(), taken.end());
  uint64_t at = kLowestPlace;
  for (const auto& [start, end] : taken) {
    if (start >= at && start - at >= bytes) break;
    at = std::max(at, HugePageUp(end));
  }
  if (at > kHighestPlace || bytes > kHighestPlace - at)
    return Error::Syscall(ErrorCode::kSystem, ENOMEM, "looking for room for memory that several processes share");
  return at;
}

// Notes that the kind of `mapping` attaches its memory, if it does.
Status NoteAttached(const MappingDocument& mapping, const KindList& kinds, InheritedMemory::Object& object) {
  const MappingKind* const kind = FindMappingKind(kinds, mapping.backing.kind);
  const bool attaches = kind != nullptr && kind->attaches();
  if (!attaches && !object.attach) return Ok();
  if (!attaches || (object.attach && object.attach->kind != mapping.backing.kind))
    return Error(ErrorCode::kBadImage, StrCat("the mapping at ", Hex(mapping.start), " shares memory with another kind of mapping"));
  ASSIGN_OR_RETURN(const uint64_t bytes, kind->AttachedBytes(mapping.backing.state), "the mapping at ", Hex(mapping.start));
  if (mapping.offset + (mapping.end - mapping.start) > bytes)
    return Error(ErrorCode::kBadImage, StrCat("the mapping at ", Hex(mapping.start), " is larger than what is attached"));
  object.bytes = std::max(object.bytes, bytes);
  object.attach = mapping.backing;
  return Ok();
}

}  // namespace

Result<InheritedMemory> InheritedMemory::Plan(const LoadedImage& image, const KindList& kinds,
                                              std::vector<std::pair<uint64_t, uint64_t>> taken) {
  InheritedMemory memory;
  std::map<std::string, std::set<int32_t>> users;
  std::map<std::string, Object> objects;
  for (const LoadedProcess& process : image.processes) {
    for (const MappingDocument& mapping : process.document.mappings) {
      taken.emplace_back(mapping.start, mapping.end);
      if (mapping.object.empty()) continue;
      if (mapping.offset > kHighestPlace) return Error(ErrorCode::kBadImage, StrCat("the mapping at ", Hex(mapping.start), " has an offset out of range"));
      users[mapping.object].insert(process.document.pid);
      Object& object = objects[mapping.object];
      object.key = mapping.object;
      object.bytes = std::max(object.bytes, mapping.offset + (mapping.end - mapping.start));
      object.huge = object.huge || mapping.HasFlag("ht");
      object.reserves = object.reserves || !mapping.HasFlag("nr");
      RETURN_IF_ERROR(NoteAttached(mapping, kinds, object));
    }
  }
  uint64_t total = 0;
  for (auto& [key, object] : objects) {
    if (users[key].size() < 2 && !object.attach) continue;
    object.at = total;
    total += HugePageUp(object.bytes);
    if (total > kHighestPlace) return Error(ErrorCode::kBadImage, "it shares more memory than there are addresses");
    memory.objects_.emplace(key, object);
  }
  ASSIGN_OR_RETURN(memory.cow_, CowAreas::Plan(image));
  const uint64_t cow_start = total;
  total += memory.cow_.bytes();
  if (total == 0) return memory;
  ASSIGN_OR_RETURN(memory.zone_.start, FindHole(total, std::move(taken)));
  memory.zone_.end = memory.zone_.start + total;
  for (auto& [key, object] : memory.objects_) object.at += memory.zone_.start;
  memory.cow_.Place(memory.zone_.start + cow_start);
  return memory;
}

const InheritedMemory::Object* InheritedMemory::Find(const std::string& key) const {
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : &it->second;
}

Status InheritedMemory::Make(const KindList& kinds) const {
  for (const auto& [key, object] : objects_) {
    if (object.attach) {
      RETURN_IF_ERROR(FindMappingKind(kinds, object.attach->kind)->Attach(object.attach->state, object.at), "attaching ", key);
      continue;
    }
    int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    if (object.huge) flags |= MAP_HUGETLB | kHugePage2MiB;
    if (!object.reserves) flags |= MAP_NORESERVE;
    void* const at = reinterpret_cast<void*>(object.at);
    if (mmap(at, object.bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != at)
      return Error::Errno("making ", object.bytes, " bytes of shared memory", object.huge ? " in huge pages (vm.nr_hugepages)" : "");
  }
  return Ok();
}

}  // namespace tardigrade
