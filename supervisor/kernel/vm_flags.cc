#include "supervisor/kernel/vm_flags.h"

#include <algorithm>

#include "supervisor/kernel/proc_text.h"

namespace tardigrade {
namespace {

using proc_text::TakeChar;
using proc_text::TakeLine;
using proc_text::TakeNumber;
using proc_text::TakeWord;

// "start-end ..." as in maps.
bool TakeRange(std::string_view line, VmaDetails& vma) {
  return TakeNumber(line, vma.start, 16) && TakeChar(line, '-') && TakeNumber(line, vma.end, 16) &&
         TakeChar(line, ' ') && vma.start < vma.end;
}

// The codes are two letters each: see show_smap_vma_flags().
bool ParseFlags(std::string_view text, std::vector<std::string>& flags) {
  for (std::string_view code = TakeWord(text); !code.empty(); code = TakeWord(text)) {
    if (code.size() != 2) return false;
    flags.emplace_back(code);
  }
  std::sort(flags.begin(), flags.end());
  return true;
}

// "Name:   123 kB" and the like; names nobody asks for are passed over.
bool ParseField(std::string_view name, std::string_view value, VmaDetails& vma) {
  constexpr struct {
    std::string_view name;
    uint64_t VmaDetails::*field;
  } kSizes[] = {{"KernelPageSize", &VmaDetails::kernel_page_kb},
                {"Rss", &VmaDetails::rss_kb},
                {"Anonymous", &VmaDetails::anonymous_kb},
                {"AnonHugePages", &VmaDetails::anon_huge_kb},
                {"Swap", &VmaDetails::swap_kb},
                {"Locked", &VmaDetails::locked_kb}};
  if (name == "VmFlags") return ParseFlags(value, vma.vm_flags);
  if (name == "ProtectionKey") return proc_text::IsNumber(TakeWord(value), vma.protection_key);
  for (const auto& [size_name, field] : kSizes) {
    if (name != size_name) continue;
    return proc_text::IsNumber(TakeWord(value), vma.*field) && TakeWord(value) == "kB";
  }
  return true;
}

Error Unreadable(std::string_view line) {
  return Error(ErrorCode::kInternal, StrCat("cannot read this line of smaps: \"", line, "\""));
}

}  // namespace

bool VmaDetails::HasFlag(std::string_view code) const {
  return std::binary_search(vm_flags.begin(), vm_flags.end(), code);
}

Result<std::vector<VmaDetails>> ParseSmaps(std::string_view text) {
  std::vector<VmaDetails> vmas;
  bool has_flags = true;
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    // A name is a word up to a colon and begins with a capital, an address never does.
    if (!line.empty() && line.front() >= 'A' && line.front() <= 'Z') {
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos || vmas.empty()) return Unreadable(line);
      const std::string_view name = line.substr(0, colon);
      if (!ParseField(name, line.substr(colon + 1), vmas.back())) return Unreadable(line);
      has_flags = has_flags || name == "VmFlags";
      continue;
    }
    if (!has_flags || !TakeRange(line, vmas.emplace_back())) return Unreadable(line);
    has_flags = false;
  }
  if (!has_flags) return Error(ErrorCode::kInternal, "smaps ends without VmFlags");
  return vmas;
}

}  // namespace tardigrade
