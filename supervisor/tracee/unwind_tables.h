#ifndef SUPERVISOR_TRACEE_UNWIND_TABLES_H_
#define SUPERVISOR_TRACEE_UNWIND_TABLES_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "supervisor/kernel/memory_map.h"
#include "supervisor/tracee/eh_frame.h"
#include "supervisor/tracee/page_cache.h"

namespace tardigrade {

// The binary search table of a module's frame descriptions.
struct UnwindTable {
  uint64_t base = 0;     // What the entries are relative to.
  uint64_t table = 0;    // Address of the first entry, see UnwindTables::ReadMade().
  uint64_t entries = 0;  // Of 8 bytes each.
};

// Finds unwind tables in the memory of a tracee that stands still: replaced, deleted and
// unreachable modules, and the vDSO, are as good as any.  Only for an executable that was
// linked without a search table (static ones are) a file is read, and a table made.
class UnwindTables {
 public:
  // `mappings`: by address.  Both are borrowed.
  UnwindTables(pid_t pid, std::span<const MemoryMapping> mappings, PageCache& memory)
      : pid_(pid), mappings_(mappings), memory_(memory) {}

  // The table of the module that `ip` lies in; empty if it has none that can be searched.
  std::optional<UnwindTable> Find(uint64_t ip);

  // Tables that were made are not in the tracee: they have addresses that no user memory has.
  static bool IsMade(uint64_t address) { return address >= kMadeTables; }
  // The word at such an address.
  bool ReadMade(uint64_t address, uint64_t& word) const;

  // The index of the mapping that `address` lies in.
  static std::optional<size_t> MappingAt(std::span<const MemoryMapping> mappings, uint64_t address);

 private:
  static constexpr uint64_t kMadeTables = uint64_t{1} << 63;

  std::optional<size_t> ModuleStart(size_t mapping) const;
  std::optional<UnwindTable> Read(const MemoryMapping& module);
  std::optional<UnwindTable> ReadSearchTable(uint64_t address);
  std::optional<UnwindTable> Make(const MemoryMapping& module, uint64_t bias);

  pid_t pid_;
  std::span<const MemoryMapping> mappings_;
  PageCache& memory_;
  std::vector<FrameEntry> made_;
  std::map<uint64_t, std::optional<UnwindTable>> by_module_;  // By address of the ELF header.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_UNWIND_TABLES_H_
