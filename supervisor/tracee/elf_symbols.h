#ifndef SUPERVISOR_TRACEE_ELF_SYMBOLS_H_
#define SUPERVISOR_TRACEE_ELF_SYMBOLS_H_

#include <cstdint>
#include <span>
#include <string>

#include "supervisor/base/result.h"

namespace tardigrade {

// Where in an ELF file, and what is there.
struct SymbolQuery {
  uint64_t file_offset = 0;  // Bytes into the file.
  std::string symbol;        // Answer: the function's name, not demangled; "" if none is known.
  uint64_t offset = 0;       // Answer: bytes into the function.
};

// Answers all queries from .symtab and .dynsym of an x86-64 ELF file, in one pass that keeps
// nothing: memory use does not depend on the size of the file.  Nothing in it is trusted.
// Errors: kBadImage for a file that is none; kSystem.
Status LookUpSymbols(int local_fd, std::span<SymbolQuery> queries);

// Where the section `name` is in memory, before relocation.
struct ElfSection {
  uint64_t address = 0;
  uint64_t size = 0;  // Bytes.
};
Result<ElfSection> FindElfSection(int local_fd, const std::string& name);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_ELF_SYMBOLS_H_
