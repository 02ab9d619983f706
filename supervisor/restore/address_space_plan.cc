#include "supervisor/restore/address_space_plan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <string_view>

#include "supervisor/kernel/numa_policy.h"
#include "supervisor/restore/huge_pages.h"
#include "supervisor/restore/lone_room.h"
#include "supervisor/restore/shared_objects.h"

namespace tardigrade {
namespace {

// preadv(2) moves at most 0x7ffff000 bytes and UIO_MAXIOV pieces at a time; progress is told between
// reads, and several threads share them.
constexpr uint64_t kMaxBytesPerRead = 8 << 20;
// Reads that come from several threads do not look sequential to the kernel, which then reads ahead
// too little of a file that is not cached.
constexpr uint64_t kReadAhead = 3 * kMaxBytesPerRead;
constexpr size_t kMaxPiecesPerRead = 1024;
constexpr int kGuardInstall = 102;      // MADV_GUARD_INSTALL, include/uapi/asm-generic/mman-common.h, Linux 6.13.
constexpr uint32_t kNrMseal = 462;      // Linux 6.10.

struct Advice {
  std::string_view flag;
  int advice;
};
// Given before the pages come, so that they come as they were.
constexpr std::array kAdvice = {
    Advice{"hg", MADV_HUGEPAGE}, Advice{"nh", MADV_NOHUGEPAGE}, Advice{"dc", MADV_DONTFORK},   Advice{"dd", MADV_DONTDUMP},
    Advice{"wf", MADV_WIPEONFORK}, Advice{"mg", MADV_MERGEABLE}, Advice{"sr", MADV_SEQUENTIAL}, Advice{"rr", MADV_RANDOM},
};

bool IsKernelMapping(std::string_view path) { return path.starts_with("[vvar") || path == "[vdso]"; }
bool IsGate(std::string_view path) { return path == "[vsyscall]"; }

class Planner {
 public:
  Planner(const AddressSpaceInputs& inputs, const SharedObjects& shared, SyscallPlan& plan, std::vector<FillMark>* marks)
      : in_(inputs), shared_(shared), plan_(plan), marks_(marks) {}

  Status Run() {
    ParkKernelMappings();
    UnmapEverythingElse();
    AllocateProtectionKeys();
    MoveInherited();
    RemoveZone();
    MakeByPlans();
    shared_.PlanMaking(plan_);
    for (size_t i = 0; i < in_.process->mappings.size(); ++i) {
      const MappingDocument& mapping = in_.process->mappings[i];
      if (IsKernelMapping(mapping.path) || IsGate(mapping.path)) continue;
      if (!is_there_[i] && !shared_.PlanPiece(i, plan_)) Map(mapping, in_.backing_fds[i]);
      RETURN_IF_ERROR(AdviseAndPlace(mapping));
    }
    shared_.PlanRemoval(plan_);
    Fill();
    FreeExecuteOnlyKey();
    for (size_t i = 0; i < in_.process->mappings.size(); ++i) Settle(i, in_.process->mappings[i]);
    FreeProtectionKeys();
    for (const GuardRegion& guard : in_.process->guards)
      plan_.Add(StrCat("guarding ", Hex(guard.start)), SYS_madvise, {guard.start, guard.end - guard.start, kGuardInstall});
    RETURN_IF_ERROR(PlaceKernelMappings());
    for (const MappingDocument& mapping : in_.process->mappings) Seal(mapping);
    plan_.Add("closing the restorer's descriptors", SYS_close_range, {in_.first_helper_fd, in_.last_helper_fd, 0});
    return Ok();
  }

 private:
  struct Parked {
    std::string path;
    uint64_t at;
    uint64_t size;
    bool placed;
  };

  // The vDSO and its data move out of the way of both address spaces.
  void ParkKernelMappings() {
    uint64_t at = in_.segment.parking;
    for (const MemoryMapping& mapping : in_.here) {
      if (!IsKernelMapping(mapping.path)) continue;
      plan_.Add(StrCat("parking ", mapping.path), SYS_mremap,
                {mapping.start, mapping.size_bytes(), mapping.size_bytes(), MREMAP_MAYMOVE | MREMAP_FIXED, at},
                {.may_fail = false, .exactly = static_cast<int64_t>(at)});
      parked_.push_back({mapping.path, at, mapping.size_bytes(), false});
      at += mapping.size_bytes();
    }
  }

  void UnmapEverythingElse() {
    using Range = std::pair<uint64_t, uint64_t>;
    const InheritedMemory::Zone& zone = in_.inherited->zone();
    std::vector<Range> kept = Segments();
    kept.emplace_back(zone.start, zone.end);
    std::sort(kept.begin(), kept.end());
    uint64_t at = 0;
    for (const auto& [start, end] : kept) {
      if (start > at) plan_.Add(StrCat("unmapping below ", Hex(start)), SYS_munmap, {at, start - at});
      at = std::max(at, end);
    }
    plan_.Add(StrCat("unmapping above ", Hex(at)), SYS_munmap, {at, kTaskSize - at});
  }

  std::vector<AddressRange> Segments() const {
    std::vector<AddressRange> ranges = {{in_.segment.start, in_.segment.start + in_.segment.size}};
    for (const Segment::Place& other : in_.others) ranges.emplace_back(other.start, other.start + other.size);
    return ranges;
  }

  void MoveInherited() {
    const std::vector<MappingDocument>& mappings = in_.process->mappings;
    is_there_.resize(mappings.size());
    for (size_t i = 0; i < mappings.size(); ++i) {
      if (IsKernelMapping(mappings[i].path) || IsGate(mappings[i].path) || in_.made_by_plan.contains(i)) continue;
      is_there_[i] = PlanInherited(i, mappings[i]);
    }
  }

  // The zone is gone by then: it has holes, into which the kernel would put them.
  void MakeByPlans() {
    std::vector<AddressRange> taken = Segments();
    for (size_t i = 0; i < is_there_.size(); ++i) {
      if (is_there_[i]) taken.emplace_back(in_.process->mappings[i].start, in_.process->mappings[i].end);
    }
    for (const auto& [index, making] : in_.made_by_plan) {
      const MappingDocument& mapping = in_.process->mappings[index];
      const AddressRange room = {mapping.start, mapping.end};
      PlanInLoneRoom(room, taken, making, plan_);
      taken.push_back(room);
      is_there_[index] = true;
    }
  }

  // A piece of memory that other tasks have as well.  An old size of zero makes a further mapping:
  // mremap(2); huge pages are moved instead.
  bool PlanInherited(size_t index, const MappingDocument& mapping) {
    if (const CowAreas::Area* area = CowArea(index); area != nullptr) {
      const uint64_t bytes = mapping.end - mapping.start;
      plan_.Add(StrCat("moving ", Hex(mapping.start), " ", mapping.path, " into place"), SYS_mremap,
                {area->at + (mapping.start - area->start), bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, mapping.start},
                {.may_fail = false, .exactly = static_cast<int64_t>(mapping.start)});
      return true;
    }
    const InheritedMemory::Object* object = mapping.object.empty() ? nullptr : in_.inherited->Find(mapping.object);
    if (object == nullptr) return false;
    const uint64_t bytes = mapping.end - mapping.start;
    plan_.Add(StrCat("mapping ", Hex(mapping.start), " of inherited shared memory"), SYS_mremap,
              {object->at + mapping.offset, object->huge ? bytes : 0, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, mapping.start},
              {.may_fail = false, .exactly = static_cast<int64_t>(mapping.start)});
    return true;
  }

  const CowAreas::Area* CowArea(size_t index) const { return in_.inherited->cow().Find(in_.process_index, index); }

  // Whether the pages at `address` are there already; `end` is set to where that changes.
  bool IsInPlace(uint64_t address, uint64_t* end) const {
    const std::vector<MappingDocument>& mappings = in_.process->mappings;
    const auto it = std::partition_point(mappings.begin(), mappings.end(), [&](const MappingDocument& m) { return m.end <= address; });
    if (it == mappings.end()) return false;
    *end = std::min(*end, it->start > address ? it->start : it->end);
    return it->start <= address && CowArea(static_cast<size_t>(it - mappings.begin())) != nullptr;
  }

  // What is to be read, in the order of the file.
  std::vector<PageExtent> ExtentsToRead() const {
    std::vector<PageExtent> extents;
    for (const PageExtent& extent : in_.extents) {
      const uint64_t end = extent.address + extent.pages * 4096;
      for (uint64_t at = extent.address; at < end;) {
        uint64_t piece_end = end;
        if (!IsInPlace(at, &piece_end))
          extents.push_back({.address = at, .pages = (piece_end - at) / 4096, .file_offset = extent.file_offset + (at - extent.address), .flags = extent.flags});
        at = piece_end;
      }
    }
    std::sort(extents.begin(), extents.end(),
              [](const PageExtent& a, const PageExtent& b) { return a.file_offset < b.file_offset; });
    return extents;
  }

  void RemoveZone() {
    const InheritedMemory::Zone& zone = in_.inherited->zone();
    if (zone.end > zone.start) plan_.Add("unmapping what was inherited", SYS_munmap, {zone.start, zone.end - zone.start});
  }

  // Memory with PROT_EXEC alone has a key that the kernel took for it, and that counts as not
  // allocated: arch/x86/mm/pkeys.c, __execute_only_pkey().
  bool IsExecuteOnly(const MappingDocument& mapping) const {
    return mapping.prot == PROT_EXEC && mapping.protection_key != 0 &&
           (in_.process->protection_keys >> mapping.protection_key & 1) == 0;
  }

  // The kernel hands keys out ascending: all up to the highest that is needed, for now.
  void AllocateProtectionKeys() {
    uint32_t wanted = in_.process->protection_keys;
    for (const MappingDocument& mapping : in_.process->mappings) wanted |= 1u << mapping.protection_key;
    highest_key_ = std::bit_width(wanted) - 1;
    for (int key = 1; key <= highest_key_; ++key)
      plan_.Add(StrCat("allocating protection key ", key), SYS_pkey_alloc, {0, 0}, {.may_fail = false, .exactly = key});
  }

  // The one key that is free when PROT_EXEC is set is the one the kernel takes.
  void FreeExecuteOnlyKey() {
    for (const MappingDocument& mapping : in_.process->mappings) {
      if (!IsExecuteOnly(mapping)) continue;
      plan_.Add("freeing the key of execute-only memory", SYS_pkey_free, {mapping.protection_key});
      execute_only_key_ = mapping.protection_key;
      return;
    }
  }

  void FreeProtectionKeys() {
    for (int key = 1; key <= highest_key_; ++key) {
      if ((in_.process->protection_keys >> key & 1) == 0 && key != execute_only_key_)
        plan_.Add(StrCat("freeing protection key ", key), SYS_pkey_free, {key});
    }
  }

  bool HasPages(const MappingDocument& mapping) const {
    const auto it = std::lower_bound(in_.extents.begin(), in_.extents.end(), mapping.start,
                                     [](const PageExtent& extent, uint64_t start) {
                                       return extent.address + extent.pages * 4096 <= start;
                                     });
    return it != in_.extents.end() && it->address < mapping.end;
  }

  void Map(const MappingDocument& mapping, int fd) {
    int flags = MAP_FIXED_NOREPLACE | (mapping.shared ? MAP_SHARED : MAP_PRIVATE);
    if (fd < 0) flags |= MAP_ANONYMOUS;
    if (mapping.HasFlag("gd")) flags |= MAP_GROWSDOWN | MAP_STACK;
    if (mapping.HasFlag("nr")) flags |= MAP_NORESERVE;
    if (mapping.HasFlag("ht") && fd < 0) flags |= MAP_HUGETLB | kHugePage2MiB;
    const int prot = HasPages(mapping) ? mapping.prot | PROT_READ | PROT_WRITE : mapping.prot;
    plan_.Add(StrCat("mapping ", Hex(mapping.start), " ", mapping.path), SYS_mmap,
              {mapping.start, mapping.end - mapping.start, prot, flags, fd, fd < 0 ? 0 : mapping.offset},
              {.may_fail = false, .exactly = static_cast<int64_t>(mapping.start)});
  }

  // Before there are pages, so that they come as they were, and where they belong.
  Status AdviseAndPlace(const MappingDocument& mapping) {
    for (const Advice& advice : kAdvice) {
      if (mapping.HasFlag(advice.flag))
        plan_.Add(StrCat("advising ", Hex(mapping.start), ": ", advice.flag), SYS_madvise,
                  {mapping.start, mapping.end - mapping.start, advice.advice});
    }
    const uint64_t size = mapping.end - mapping.start;
    ASSIGN_OR_RETURN(const std::optional<NumaPolicy> policy, ParseNumaPolicy(mapping.policy), "mapping at ",
                     Hex(mapping.start));
    if (policy.has_value())
      plan_.Add(StrCat("placing ", Hex(mapping.start), " by the NUMA policy ", mapping.policy, " (its nodes must exist here)"),
                SYS_mbind,
                {mapping.start, size, policy->mode, Arg::Bytes(std::as_bytes(std::span(policy->nodes))), policy->maxnode(), 0});
    return Ok();
  }

  void Fill() {
    std::vector<iovec> pieces;
    uint64_t offset = 0, bytes = 0;
    const auto flush = [&] {
      if (pieces.empty()) return;
      const size_t op = plan_.Add(StrCat("reading pages of ", Hex(reinterpret_cast<uint64_t>(pieces[0].iov_base))), SYS_preadv,
                {in_.pages_fd, Arg::Bytes(std::as_bytes(std::span(pieces))), pieces.size(), offset, 0},
                {.may_fail = false, .exactly = static_cast<int64_t>(bytes)});
      if (bytes == kMaxBytesPerRead)
        plan_.Ask("reading ahead", SYS_fadvise64, {in_.pages_fd, offset + kReadAhead, kMaxBytesPerRead, POSIX_FADV_WILLNEED});
      filled_ += bytes;
      if (marks_ != nullptr) marks_->push_back({.op = op, .bytes = filled_});
      pieces.clear();
      bytes = 0;
    };
    for (const PageExtent& extent : ExtentsToRead()) {
      uint64_t done = 0;
      const uint64_t size = extent.pages * 4096;
      while (done < size) {
        const uint64_t at = extent.file_offset + done;
        if (pieces.size() == kMaxPiecesPerRead || bytes == kMaxBytesPerRead || (!pieces.empty() && offset + bytes != at)) flush();
        if (pieces.empty()) offset = at;
        const uint64_t piece = std::min(size - done, kMaxBytesPerRead - bytes);
        pieces.push_back({reinterpret_cast<void*>(extent.address + done), piece});
        bytes += piece;
        done += piece;
      }
    }
    flush();
  }

  // Protection, keys and locks, when the contents are in.
  void Settle(size_t index, const MappingDocument& mapping) {
    const CowAreas::Area* area = CowArea(index);
    if (IsKernelMapping(mapping.path) || IsGate(mapping.path)) return;
    const uint64_t size = mapping.end - mapping.start;
    const std::string at = StrCat(Hex(mapping.start));
    if (IsExecuteOnly(mapping)) {
      plan_.Add("protecting " + at, SYS_mprotect, {mapping.start, size, mapping.prot});
    } else if (mapping.protection_key != 0) {
      plan_.Add("protecting " + at, SYS_pkey_mprotect, {mapping.start, size, mapping.prot, mapping.protection_key});
    } else if (area != nullptr ? area->prot != mapping.prot
                               : (!mapping.object.empty() || HasPages(mapping)) &&
                                     (mapping.prot & (PROT_READ | PROT_WRITE)) != (PROT_READ | PROT_WRITE)) {
      plan_.Add("protecting " + at, SYS_mprotect, {mapping.start, size, mapping.prot});
    }
    if (mapping.HasFlag("lo"))
      plan_.Add("locking " + at, SYS_mlock2, {mapping.start, size, mapping.HasFlag("lf") ? MLOCK_ONFAULT : 0});
  }

  Status PlaceKernelMappings() {
    for (const MappingDocument& mapping : in_.process->mappings) {
      if (!IsKernelMapping(mapping.path)) continue;
      const uint64_t size = mapping.end - mapping.start;
      const auto it = std::find_if(parked_.begin(), parked_.end(), [&](const Parked& p) {
        return !p.placed && p.path == mapping.path && p.size == size;
      });
      if (it == parked_.end())
        return Error(ErrorCode::kUnsupported, StrCat("this kernel has no ", mapping.path, " of ", size,
                                                     " bytes; restore the image under the kernel it was made with"));
      it->placed = true;
      plan_.Add(StrCat("moving ", mapping.path), SYS_mremap,
                {it->at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, mapping.start},
                {.may_fail = false, .exactly = static_cast<int64_t>(mapping.start)});
    }
    return Ok();
  }

  void Seal(const MappingDocument& mapping) {
    if (mapping.HasFlag("sl") && !IsKernelMapping(mapping.path))
      plan_.Add(StrCat("sealing ", Hex(mapping.start)), kNrMseal, {mapping.start, mapping.end - mapping.start, 0});
  }

  const AddressSpaceInputs& in_;
  const SharedObjects& shared_;
  SyscallPlan& plan_;
  std::vector<FillMark>* marks_;
  uint64_t filled_ = 0;  // Bytes.
  std::vector<Parked> parked_;
  std::vector<bool> is_there_;  // Per mapping: inherited, or made by a plan.
  int highest_key_ = 0;
  int execute_only_key_ = 0;
};

}  // namespace

Status PlanAddressSpace(const AddressSpaceInputs& inputs, SyscallPlan& plan, std::vector<FillMark>* marks) {
  std::vector<Segment::Place> segments = inputs.others;
  segments.push_back(inputs.segment);
  ASSIGN_OR_RETURN(const SharedObjects shared, SharedObjects::Find(*inputs.process, segments, *inputs.inherited));
  return Planner(inputs, shared, plan, marks).Run();
}

}  // namespace tardigrade
