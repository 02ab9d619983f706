#include "supervisor/tracee/unwind_tables.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "supervisor/base/file_io.h"
#include "supervisor/tracee/elf_symbols.h"

namespace tardigrade {
namespace {

constexpr size_t kMostSegments = 64;
constexpr uint64_t kMostFrameBytes = uint64_t{8} << 20;

// How .eh_frame_hdr begins (Linux Standard Base, "Exception Frames").
struct TableHeader {
  uint8_t version;
  uint8_t frame_encoding;
  uint8_t count_encoding;
  uint8_t table_encoding;
};

// Pointer encodings: the low half is the form, the high half what it is relative to.
constexpr uint8_t kUnsigned4 = 0x03;
constexpr uint8_t kHeaderRelativeSigned4 = 0x3b;

// Bytes of a pointer in this encoding; 0 if its size is not fixed.
size_t EncodedSize(uint8_t encoding) {
  switch (encoding & 0x0f) {
    case 0x02:
    case 0x0a:
      return 2;
    case 0x03:
    case 0x0b:
      return 4;
    case 0x00:
    case 0x04:
    case 0x0c:
      return 8;
    default:
      return 0;
  }
}

// What the ELF header of a module says.
struct ModuleFacts {
  uint64_t bias = 0;                     // From link-time addresses to those in the tracee.
  std::optional<uint64_t> table_header;  // Address of .eh_frame_hdr.
};

std::optional<ModuleFacts> ReadModule(uint64_t module, PageCache& memory) {
  Elf64_Ehdr header;
  if (!memory.ReadObject(module, header)) return std::nullopt;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_phentsize != sizeof(Elf64_Phdr)) {
    return std::nullopt;
  }
  std::optional<uint64_t> bias;
  std::optional<uint64_t> table;
  for (size_t i = 0; i < std::min<size_t>(header.e_phnum, kMostSegments); ++i) {
    Elf64_Phdr segment;
    if (!memory.ReadObject(module + header.e_phoff + i * sizeof(segment), segment)) break;
    if (segment.p_type == PT_LOAD && segment.p_offset == 0 && !bias.has_value())
      bias = module - segment.p_vaddr;
    if (segment.p_type == PT_GNU_EH_FRAME) table = segment.p_vaddr;
  }
  if (!bias.has_value()) return std::nullopt;
  if (table.has_value()) *table += *bias;
  return ModuleFacts{.bias = *bias, .table_header = table};
}

}  // namespace

std::optional<UnwindTable> UnwindTables::Find(uint64_t ip) {
  const std::optional<size_t> mapping = MappingAt(mappings_, ip);
  if (!mapping.has_value()) return std::nullopt;
  const std::optional<size_t> start = ModuleStart(*mapping);
  if (!start.has_value()) return std::nullopt;
  const MemoryMapping& module = mappings_[*start];
  const auto [it, is_new] = by_module_.try_emplace(module.start);
  if (is_new) it->second = Read(module);
  return it->second;
}

std::optional<size_t> UnwindTables::MappingAt(std::span<const MemoryMapping> mappings,
                                              uint64_t address) {
  const auto after = std::upper_bound(
      mappings.begin(), mappings.end(), address,
      [](uint64_t value, const MemoryMapping& mapping) { return value < mapping.start; });
  if (after == mappings.begin() || address >= std::prev(after)->end) return std::nullopt;
  return static_cast<size_t>(std::prev(after) - mappings.begin());
}

// The nearest mapping at or below of the same file's beginning.
std::optional<size_t> UnwindTables::ModuleStart(size_t mapping) const {
  const MemoryMapping& text = mappings_[mapping];
  if (text.path.empty()) return std::nullopt;
  constexpr size_t kMostMappings = 64;  // A module has a handful.
  for (size_t i = mapping, seen = 0; seen < kMostMappings; --i, ++seen) {
    const MemoryMapping& candidate = mappings_[i];
    const bool same = candidate.path == text.path && candidate.inode == text.inode;
    if (same && candidate.offset == 0) return i;
    if (i == 0) break;
  }
  return std::nullopt;
}

std::optional<UnwindTable> UnwindTables::Read(const MemoryMapping& module) {
  const std::optional<ModuleFacts> facts = ReadModule(module.start, memory_);
  if (!facts.has_value()) return std::nullopt;
  if (facts->table_header.has_value()) return ReadSearchTable(*facts->table_header);
  return Make(module, facts->bias);
}

std::optional<UnwindTable> UnwindTables::ReadSearchTable(uint64_t address) {
  TableHeader header;
  if (!memory_.ReadObject(address, header)) return std::nullopt;
  const size_t frame_size = EncodedSize(header.frame_encoding);
  if (header.version != 1 || frame_size == 0 || header.count_encoding != kUnsigned4 ||
      header.table_encoding != kHeaderRelativeSigned4) {
    return std::nullopt;
  }
  uint32_t count = 0;
  const uint64_t count_at = address + sizeof(header) + frame_size;
  if (!memory_.ReadObject(count_at, count) || count == 0) return std::nullopt;
  return UnwindTable{.base = address, .table = count_at + sizeof(count), .entries = count};
}

// For the executable only, of which there is one and whose file can always be opened.
std::optional<UnwindTable> UnwindTables::Make(const MemoryMapping& module, uint64_t bias) {
  const Result<ScopedFd> exe = OpenFile(StrCat("/proc/", pid_, "/exe"), O_RDONLY);
  struct stat st = {};
  if (!made_.empty() || !exe.has_value() || fstat(exe.value().get(), &st) != 0 ||
      st.st_ino != module.inode) {
    return std::nullopt;
  }
  const Result<ElfSection> section = FindElfSection(exe.value().get(), ".eh_frame");
  if (!section.has_value() || section.value().size > kMostFrameBytes) return std::nullopt;
  std::vector<std::byte> frames(section.value().size);
  const uint64_t base = section.value().address + bias;
  if (!memory_.Read(base, frames)) return std::nullopt;
  made_ = ListFrames(frames, base);
  if (made_.empty()) return std::nullopt;
  return UnwindTable{.base = base, .table = kMadeTables, .entries = made_.size()};
}

bool UnwindTables::ReadMade(uint64_t address, uint64_t& word) const {
  const uint64_t index = (address - kMadeTables) / sizeof(FrameEntry);
  if (address % sizeof(FrameEntry) != 0 || index >= made_.size()) return false;
  std::memcpy(&word, &made_[index], sizeof(word));
  return true;
}

}  // namespace tardigrade
