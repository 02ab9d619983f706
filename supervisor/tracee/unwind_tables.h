#ifndef SUPERVISOR_TRACEE_UNWIND_TABLES_H_
#define SUPERVISOR_TRACEE_UNWIND_TABLES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "supervisor/kernel/memory_map.h"
#include "supervisor/tracee/page_cache.h"

namespace tardigrade {

// The binary search table of a module's .eh_frame_hdr, where it is in the tracee.
struct UnwindTable {
  uint64_t header = 0;   // Address of .eh_frame_hdr: what the entries are relative to.
  uint64_t table = 0;    // Address of the first entry.
  uint64_t entries = 0;  // Of 8 bytes each.
};

// Finds unwind tables in the memory of a tracee that stands still: no file is opened, so
// that replaced, deleted and unreachable modules, and the vDSO, are as good as any.
class UnwindTables {
 public:
  // `mappings`: by address.  Both are borrowed.
  UnwindTables(std::span<const MemoryMapping> mappings, PageCache& memory)
      : mappings_(mappings), memory_(memory) {}

  // The table of the module that `ip` lies in; empty if it has none that can be searched.
  std::optional<UnwindTable> Find(uint64_t ip);

  // The index of the mapping that `address` lies in.
  static std::optional<size_t> MappingAt(std::span<const MemoryMapping> mappings, uint64_t address);

 private:
  std::optional<uint64_t> ModuleStart(size_t mapping) const;
  std::optional<UnwindTable> Read(uint64_t module);

  std::span<const MemoryMapping> mappings_;
  PageCache& memory_;
  std::map<uint64_t, std::optional<UnwindTable>> by_module_;  // By address of the ELF header.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_UNWIND_TABLES_H_
