#ifndef SUPERVISOR_KERNEL_MEMORY_MAP_H_
#define SUPERVISOR_KERNEL_MEMORY_MAP_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// One line of /proc/<pid>/maps: a VMA.
struct MemoryMapping {
  uint64_t start = 0;  // Byte addresses in the tracee; [start, end).
  uint64_t end = 0;
  int prot = 0;        // PROT_READ | PROT_WRITE | PROT_EXEC.
  bool shared = false; // MAP_SHARED.
  uint64_t offset = 0; // Bytes into the file.
  uint64_t dev = 0;    // makedev(); 0 for anonymous memory.
  uint64_t inode = 0;
  std::string path;    // Unescaped; "[heap]", "[stack]", "[vdso]", "[anon:name]"; empty for plain anonymous memory.
  bool deleted = false;  // The " (deleted)" suffix was there; `path` is without it.

  uint64_t size_bytes() const { return end - start; }
  bool operator==(const MemoryMapping&) const = default;
};

// Parses /proc/<pid>/maps; see fs/proc/task_mmu.c, show_map_vma().  Errors: kInternal for a line it cannot read.
Result<std::vector<MemoryMapping>> ParseMaps(std::string_view text);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_MEMORY_MAP_H_
