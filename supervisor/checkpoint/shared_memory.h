#ifndef SUPERVISOR_CHECKPOINT_SHARED_MEMORY_H_
#define SUPERVISOR_CHECKPOINT_SHARED_MEMORY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/kernel/pagemap.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

// Shared memory without a descriptor is saved once per object (device and inode), whatever number
// of mappings there is of it: as much of it as is mapped somewhere.  Memory that no mapping shows is
// lost: nothing but mremap(2) beyond a mapping's end could reach it.

// Names the object behind a mapping: the same for all mappings of it.
std::string SharedObjectOf(const MemoryMapping& mapping);

// A part of a mapping through which that part of its object is read.
struct SharedPiece {
  const MemoryMapping* mapping = nullptr;
  uint64_t address = 0;  // [address, address + bytes), within the mapping.
  uint64_t bytes = 0;

  uint64_t offset() const { return mapping->offset + (address - mapping->start); }
};

// Which parts of which objects (SharedObjectOf()) are saved: [from, to) in bytes.
using SavedObjects = std::map<std::string, std::vector<std::pair<uint64_t, uint64_t>>>;

// Chooses pieces of one process's mappings so that each byte of each object is in one of them, or in
// `saved`, to which they are added; readable mappings first.
// Errors: kUnsupported for huge pages that are mapped twice, which cannot be made again
// (mm/mremap.c: memory with VM_DONTEXPAND is moved, but not duplicated).
Result<std::vector<SharedPiece>> ChooseSharedPieces(
    std::span<const MemoryMapping* const> mappings, SavedObjects& saved);

// Appends the runs of `pieces` that hold memory, also where this process's page tables do not show
// it (a child that is gone may have written it).  Holes are looked for and not read, because
// reading a hole fills it: through /proc/PID/map_files where that is allowed, else by mincore(2) in
// the process.  `has_swap` says whether part of a mapping may be swapped out: mincore does not see
// that, so then, and for huge pages without map_files, all is read.
Status FindSharedPages(FrozenProcess& frozen, std::span<const SharedPiece> pieces,
                       const std::function<bool(const MemoryMapping&)>& has_swap,
                       std::vector<PageRun>& runs);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_SHARED_MEMORY_H_
