#include "plugins/io_uring/ring_info.h"

#include <unistd.h>

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <functional>
#include <map>

#include "plugins/io_uring/abi.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::io_uring {
namespace {

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

std::string_view Trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

bool ParseNumber(std::string_view text, uint32_t& out) {
  const int base = text.starts_with("0x") ? 16 : 10;
  if (base == 16) text.remove_prefix(2);
  const auto [end, error] = std::from_chars(text.begin(), text.end(), out, base);
  return error == std::errc() && end == text.end();
}

class Parser {
 public:
  Result<RingInfo> Parse(std::string_view text) {
    while (!text.empty()) {
      const std::string_view line = TakeLine(text);
      if (line.empty()) continue;
      const bool read = line.starts_with(' ') ? Entry(line) : Heading(line);
      if (!read)
        return Error(ErrorCode::kInternal,
                     StrCat("fdinfo of an io_uring instance: \"", line, "\""));
    }
    if (numbers_.empty())
      return Error::Syscall(ErrorCode::kUnsupported, EBUSY, "an io_uring instance is in use");
    return Finish();
  }

 private:
  bool Heading(std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    section_ = line.substr(0, colon);
    const std::string_view value = Trimmed(line.substr(colon + 1));
    if (section_ == "SqThread") {
      info_.has_sq_thread = value != "-1";
      return true;
    }
    if (section_ == "NAPI") {
      info_.busy_polls = value != "disabled";
      return true;
    }
    if (section_ == "Personalities") info_.has_personalities = true;
    uint32_t number = 0;
    for (const char* key : {"SqMask", "SqHead", "SqTail", "CachedSqHead", "CqMask", "CqHead",
                            "CqTail", "CachedCqTail", "UserFiles", "UserBufs"}) {
      if (section_ != key) continue;
      if (!ParseNumber(value, number)) return false;
      numbers_.emplace(key, number);
    }
    return true;
  }

  bool Entry(std::string_view line) {
    if (section_ == "SQEs") {
      ++info_.shown_sqes;
      info_.large_sqes |= line.find(" e0:") != std::string_view::npos;
    } else if (section_ == "CQEs") {
      ++info_.shown_cqes;
      info_.large_cqes |= line.find(" extra1:") != std::string_view::npos;
    } else if (section_ == "PollList") {
      ++info_.polls;
    } else if (section_ == "CqOverflowList") {
      ++info_.overflown;
    } else if (section_ == "UserFiles" || section_ == "UserBufs") {
      return Slot(line);
    }
    return true;
  }

  // "    0: /a/path", "    1: 0x7f0000001000/4096", "    2: <none>".
  bool Slot(std::string_view line) {
    const std::string_view entry = Trimmed(line);
    const size_t colon = entry.find(": ");
    uint32_t slot = 0;
    if (colon == std::string_view::npos || !ParseNumber(entry.substr(0, colon), slot)) return false;
    const std::string_view value = entry.substr(colon + 2);
    if (slot >= numbers_[section_]) return false;
    if (value == "<none>") return true;
    if (section_ == "UserFiles") {
      info_.files.resize(numbers_[section_]);
      info_.files[slot] = std::string(value);
      return true;
    }
    info_.buffers.resize(numbers_[section_]);
    RingInfo::Buffer& buffer = info_.buffers[slot];
    return std::sscanf(std::string(value).c_str(), "%" SCNx64 "/%" SCNu64, &buffer.address,
                       &buffer.bytes) == 2;
  }

  Result<RingInfo> Finish() {
    const std::pair<const char*, uint32_t*> kWanted[] = {{"SqMask", &info_.sq_entries},
                                                         {"SqHead", &info_.sq_head},
                                                         {"SqTail", &info_.sq_tail},
                                                         {"CqMask", &info_.cq_entries},
                                                         {"CqHead", &info_.cq_head},
                                                         {"CqTail", &info_.cq_tail},
                                                         {"CachedSqHead", &info_.cached_sq_head},
                                                         {"CachedCqTail", &info_.cached_cq_tail}};
    for (const auto& [key, out] : kWanted) {
      const auto found = numbers_.find(key);
      if (found == numbers_.end())
        return Error(ErrorCode::kUnsupported,
                     StrCat("this kernel does not show an io_uring instance's ", key));
      *out = found->second;
    }
    ++info_.sq_entries;
    ++info_.cq_entries;
    info_.files.resize(numbers_["UserFiles"]);
    info_.buffers.resize(numbers_["UserBufs"]);
    return std::move(info_);
  }

  RingInfo info_;
  std::string section_;
  std::map<std::string, uint32_t> numbers_;
};

}  // namespace

Result<RingInfo> ParseRingInfo(std::string_view text) { return Parser().Parse(text); }

Result<RingInfo> ReadRingInfo(int local_fd) {
  constexpr int kTries = 20;
  for (int i = 0;; ++i) {
    ASSIGN_OR_RETURN(const std::string text, ReadFile(StrCat("/proc/self/fdinfo/", local_fd)));
    Result<RingInfo> info = ParseRingInfo(text);
    if (info.has_value() || info.error().errno_value() != EBUSY || i == kTries) return info;
    usleep(500);
  }
}

}  // namespace tardigrade::io_uring
