#include "supervisor/tracee/elf_symbols.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>
#include <vector>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

constexpr size_t kMostSegments = 256;
constexpr size_t kMostSections = 65536;
constexpr uint64_t kMostTableBytes = uint64_t{256} << 20;
constexpr size_t kSymbolsAtOnce = 2048;
constexpr size_t kLongestName = 2048;
// Hand-written assembler often gives no size: such a symbol counts this far, and behind any other.
constexpr uint64_t kReachOfUnsized = 4096;

// A query on its way: the link-time address looked for and the best symbol yet.
struct Search {
  uint64_t address = 0;
  SymbolQuery* query = nullptr;
  bool found = false;
  Elf64_Sym best = {};
  uint64_t name_at = 0;  // In the file.
};

template <typename T>
Status ReadObjects(int local_fd, uint64_t offset, std::span<T> out) {
  if (offset > uint64_t{INT64_MAX} / 2) return Error(ErrorCode::kBadImage, "offset out of range");
  return PreadAll(local_fd, std::as_writable_bytes(out), offset);
}

Status ReadHeader(int local_fd, Elf64_Ehdr& header) {
  RETURN_IF_ERROR(ReadObjects(local_fd, 0, std::span(&header, 1)), "reading the ELF header");
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return Error(ErrorCode::kBadImage, "not a 64-bit ELF file");
  }
  return Ok();
}

template <typename Header>
Result<std::vector<Header>> ReadHeaders(int local_fd, uint64_t at, size_t count, size_t size) {
  std::vector<Header> headers;
  if (size != sizeof(Header)) return headers;
  headers.resize(count);
  RETURN_IF_ERROR(ReadObjects(local_fd, at, std::span(headers)), "reading ELF headers");
  return headers;
}

Result<std::vector<Elf64_Shdr>> ReadSections(int local_fd, const Elf64_Ehdr& header) {
  return ReadHeaders<Elf64_Shdr>(local_fd, header.e_shoff,
                                 std::min<size_t>(header.e_shnum, kMostSections),
                                 header.e_shentsize);
}

// Turns file offsets into link-time addresses; queries outside of every segment are dropped.
std::vector<Search> StartSearches(const std::vector<Elf64_Phdr>& segments,
                                  std::span<SymbolQuery> queries) {
  std::vector<Search> searches;
  for (SymbolQuery& query : queries) {
    for (const Elf64_Phdr& segment : segments) {
      if (segment.p_type != PT_LOAD || query.file_offset < segment.p_offset) continue;
      const uint64_t into = query.file_offset - segment.p_offset;
      if (into >= segment.p_filesz) continue;
      Search& search = searches.emplace_back();
      search.address = segment.p_vaddr + into;
      search.query = &query;
      break;
    }
  }
  std::sort(searches.begin(), searches.end(),
            [](const Search& a, const Search& b) { return a.address < b.address; });
  return searches;
}

// Better first by size known, then by nearness, then by how widely it is visible.
auto Rank(const Elf64_Sym& symbol) {
  const unsigned binding = ELF64_ST_BIND(symbol.st_info);
  const int visibility = binding == STB_GLOBAL ? 2 : binding == STB_WEAK ? 1 : 0;
  return std::tuple(symbol.st_size != 0, symbol.st_value, visibility);
}

void Offer(const Elf64_Sym& symbol, uint64_t name_at, std::vector<Search>& searches) {
  const unsigned type = ELF64_ST_TYPE(symbol.st_info);
  if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF) return;
  const uint64_t reach = symbol.st_size == 0 ? kReachOfUnsized : symbol.st_size;
  auto it = std::lower_bound(
      searches.begin(), searches.end(), symbol.st_value,
      [](const Search& search, uint64_t address) { return search.address < address; });
  for (; it != searches.end() && it->address - symbol.st_value < reach; ++it) {
    if (it->found && Rank(symbol) <= Rank(it->best)) continue;
    it->found = true;
    it->best = symbol;
    it->name_at = name_at;
  }
}

Status SearchTable(int local_fd, const Elf64_Shdr& table, const Elf64_Shdr& names,
                   std::vector<Search>& searches) {
  if (table.sh_entsize != sizeof(Elf64_Sym) || table.sh_size > kMostTableBytes) return Ok();
  std::vector<Elf64_Sym> symbols;
  const uint64_t count = table.sh_size / sizeof(Elf64_Sym);
  for (uint64_t first = 0; first < count; first += kSymbolsAtOnce) {
    symbols.resize(std::min<uint64_t>(kSymbolsAtOnce, count - first));
    RETURN_IF_ERROR(
        ReadObjects(local_fd, table.sh_offset + first * sizeof(Elf64_Sym), std::span(symbols)),
        "reading symbols");
    for (const Elf64_Sym& symbol : symbols) {
      if (symbol.st_name < names.sh_size) Offer(symbol, names.sh_offset + symbol.st_name, searches);
    }
  }
  return Ok();
}

std::string ReadName(int local_fd, uint64_t at) {
  std::array<char, kLongestName> text;
  if (at > uint64_t{INT64_MAX} / 2) return "";
  const ssize_t n = pread(local_fd, text.data(), text.size(), static_cast<off_t>(at));
  return n <= 0 ? "" : std::string(text.data(), strnlen(text.data(), static_cast<size_t>(n)));
}

}  // namespace

Status LookUpSymbols(int local_fd, std::span<SymbolQuery> queries) {
  Elf64_Ehdr header;
  RETURN_IF_ERROR(ReadHeader(local_fd, header));
  ASSIGN_OR_RETURN(
      const std::vector<Elf64_Phdr> segments,
      ReadHeaders<Elf64_Phdr>(local_fd, header.e_phoff,
                              std::min<size_t>(header.e_phnum, kMostSegments), header.e_phentsize));
  ASSIGN_OR_RETURN(const std::vector<Elf64_Shdr> sections, ReadSections(local_fd, header));
  std::vector<Search> searches = StartSearches(segments, queries);
  int tables = 0;
  for (const Elf64_Shdr& section : sections) {
    const bool is_table = section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM;
    if (!is_table || section.sh_link >= sections.size()) continue;
    if (++tables > 2) break;  // A file has one of each.
    RETURN_IF_ERROR(SearchTable(local_fd, section, sections[section.sh_link], searches));
  }
  for (const Search& search : searches) {
    if (!search.found) continue;
    search.query->symbol = ReadName(local_fd, search.name_at);
    search.query->offset = search.address - search.best.st_value;
  }
  return Ok();
}

Result<ElfSection> FindElfSection(int local_fd, const std::string& name) {
  Elf64_Ehdr header;
  RETURN_IF_ERROR(ReadHeader(local_fd, header));
  ASSIGN_OR_RETURN(const std::vector<Elf64_Shdr> sections, ReadSections(local_fd, header));
  if (header.e_shstrndx >= sections.size())
    return Error(ErrorCode::kBadImage, "no names of sections");
  for (const Elf64_Shdr& section : sections) {
    const uint64_t name_at = sections[header.e_shstrndx].sh_offset + section.sh_name;
    if (section.sh_type == SHT_NOBITS || ReadName(local_fd, name_at) != name) continue;
    return ElfSection{.address = section.sh_addr, .size = section.sh_size};
  }
  return Error(ErrorCode::kBadImage, StrCat("no section ", name));
}

}  // namespace tardigrade
