#include "supervisor/kernel/proc_status.h"

#include "supervisor/kernel/proc_text.h"

namespace tardigrade {
namespace {

using proc_text::IsNumber;
using proc_text::TakeChar;
using proc_text::TakeNumber;
using proc_text::TakeWord;

Error Unreadable(std::string_view key, std::string_view value) {
  return Error(ErrorCode::kInternal, StrCat("cannot read ", key, " of status: \"", value, "\""));
}

}  // namespace

Result<std::string_view> ProcStatus::Find(std::string_view key) const {
  const auto it = fields_.find(key);
  if (it == fields_.end())
    return Error(ErrorCode::kUnsupported, StrCat("/proc/PID/status of this kernel has no ", key));
  return std::string_view(it->second);
}

Result<uint64_t> ProcStatus::Number(std::string_view key) const {
  ASSIGN_OR_RETURN(const std::string_view value, Find(key));
  std::string_view rest = value;
  uint64_t number = 0;
  if (!TakeNumber(rest, number) || (!rest.empty() && rest != " kB")) return Unreadable(key, value);
  return number;
}

Result<uint64_t> ProcStatus::Mask(std::string_view key) const {
  ASSIGN_OR_RETURN(const std::string_view value, Find(key));
  uint64_t mask = 0;
  if (!IsNumber(value, mask, 16)) return Unreadable(key, value);
  return mask;
}

Result<std::vector<int64_t>> ProcStatus::Numbers(std::string_view key) const {
  ASSIGN_OR_RETURN(const std::string_view value, Find(key));
  std::vector<int64_t> numbers;
  std::string_view rest = value;
  for (std::string_view word = TakeWord(rest); !word.empty(); word = TakeWord(rest)) {
    if (!IsNumber(word, numbers.emplace_back())) return Unreadable(key, value);
  }
  return numbers;
}

// The kernel escapes newline and backslash, nothing else (proc_task_name()).
Result<std::string> ProcStatus::Name() const {
  ASSIGN_OR_RETURN(const std::string_view value, Find("Name"));
  std::string name;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\') {
      name += value[i];
      continue;
    }
    if (++i == value.size()) return Unreadable("Name", value);
    if (value[i] != 'n' && value[i] != '\\') return Unreadable("Name", value);
    name += value[i] == 'n' ? '\n' : '\\';
  }
  return name;
}

Result<ProcStatus::Ids> ProcStatus::FourIds(std::string_view key) const {
  ASSIGN_OR_RETURN(const std::string_view value, Find(key));
  Ids ids = {};
  std::string_view rest = value;
  for (uint32_t& id : ids) {
    if (!IsNumber(TakeWord(rest), id)) return Unreadable(key, value);
  }
  if (!TakeWord(rest).empty()) return Unreadable(key, value);
  return ids;
}

Result<uint32_t> ProcStatus::Umask() const {
  ASSIGN_OR_RETURN(const std::string_view value, Find("Umask"));
  uint32_t mask = 0;
  if (!IsNumber(value, mask, 8) || mask > 0777) return Unreadable("Umask", value);
  return mask;
}

Result<ProcStatus::QueuedSignals> ProcStatus::SigQ() const {
  ASSIGN_OR_RETURN(const std::string_view value, Find("SigQ"));
  QueuedSignals signals;
  std::string_view rest = value;
  if (!TakeNumber(rest, signals.queued) || !TakeChar(rest, '/') ||
      !TakeNumber(rest, signals.limit) || !rest.empty())
    return Unreadable("SigQ", value);
  return signals;
}

Result<ProcStatus> ParseProcStatus(std::string_view text) {
  ProcStatus status;
  while (!text.empty()) {
    const std::string_view line = proc_text::TakeLine(text);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return Error(ErrorCode::kInternal, StrCat("status line without a key: \"", line, "\""));
    // One tab follows; a name may begin with blanks of its own, numbers are padded with them.
    std::string_view value = line.substr(colon + 1);
    if (!TakeChar(value, '\t')) TakeChar(value, ' ');
    const std::string_view key = line.substr(0, colon);
    if (key != "Name") {
      proc_text::SkipBlanks(value);
      value = value.substr(0, value.find_last_not_of(" \t") + 1);
    }
    status.fields_.emplace(key, value);
  }
  return status;
}

}  // namespace tardigrade
