#include "supervisor/kernel/memory_map.h"

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "supervisor/kernel/proc_text.h"

namespace tardigrade {
namespace {

using proc_text::TakeChar;
using proc_text::TakeLine;
using proc_text::TakeNumber;

constexpr std::string_view kDeleted = " (deleted)";

// One of "rwx" or '-', then the next.
bool TakePermissions(std::string_view& line, MemoryMapping& mapping) {
  constexpr struct {
    char letter;
    int bit;
  } kBits[] = {{'r', PROT_READ}, {'w', PROT_WRITE}, {'x', PROT_EXEC}};
  for (const auto& [letter, bit] : kBits) {
    if (TakeChar(line, letter)) {
      mapping.prot |= bit;
    } else if (!TakeChar(line, '-')) {
      return false;
    }
  }
  mapping.shared = TakeChar(line, 's');
  return mapping.shared || TakeChar(line, 'p');
}

// Everything before the path.
bool TakeNumbers(std::string_view& line, MemoryMapping& mapping) {
  unsigned major_number = 0, minor_number = 0;
  const bool ok =
      TakeNumber(line, mapping.start, 16) && TakeChar(line, '-') &&
      TakeNumber(line, mapping.end, 16) && TakeChar(line, ' ') && TakePermissions(line, mapping) &&
      TakeChar(line, ' ') && TakeNumber(line, mapping.offset, 16) && TakeChar(line, ' ') &&
      TakeNumber(line, major_number, 16) && TakeChar(line, ':') &&
      TakeNumber(line, minor_number, 16) && TakeChar(line, ' ') && TakeNumber(line, mapping.inode);
  mapping.dev = makedev(major_number, minor_number);
  return ok && mapping.start < mapping.end && (line.empty() || line.front() == ' ');
}

// The kernel writes a newline in a path as \012 and leaves a backslash alone (seq_path() with
// "\n" as the set to escape), so that a name with these four characters reads as one with a
// newline.
std::string Unescape(std::string_view path) {
  std::string out;
  for (;;) {
    const size_t at = path.find("\\012");
    out.append(path.substr(0, at));
    if (at == std::string_view::npos) return out;
    out.push_back('\n');
    path.remove_prefix(at + 4);
  }
}

bool ParseLine(std::string_view line, MemoryMapping& mapping) {
  if (!TakeNumbers(line, mapping)) return false;
  proc_text::SkipBlanks(line);
  // "[...]" is the kernel's own name for memory that has no file: nothing in it is escaped.
  const bool is_name = !line.empty() && line.front() == '[';
  if (!is_name && line.ends_with(kDeleted)) {
    mapping.deleted = true;
    line.remove_suffix(kDeleted.size());
  }
  if (is_name || line.find('\\') == std::string_view::npos) {
    mapping.path = line;
  } else {
    mapping.path = Unescape(line);
  }
  return true;
}

}  // namespace

Result<std::vector<MemoryMapping>> ParseMaps(std::string_view text) {
  std::vector<MemoryMapping> mappings;
  mappings.reserve(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    if (!ParseLine(line, mappings.emplace_back()))
      return Error(ErrorCode::kInternal, StrCat("cannot read this line of maps: \"", line, "\""));
  }
  return mappings;
}

}  // namespace tardigrade
