#include "supervisor/checkpoint/expected_size.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade {
namespace {

// Of a line "key:   123 kB"; 0 if there is none.
uint64_t KibibytesOf(std::string_view text, std::string_view key) {
  const Result<std::string_view> field = StatusField(text, key);
  if (!field.has_value()) return 0;
  uint64_t number = 0;
  const std::string_view digits = field.value();
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) return 0;
  return number;
}

}  // namespace

uint64_t ExpectedPageBytes(std::string_view status, std::string_view meminfo) {
  const uint64_t wanted = KibibytesOf(status, "RssAnon") + KibibytesOf(status, "VmSwap");
  return std::min(wanted, KibibytesOf(meminfo, "MemAvailable") / 2) * 1024;
}

uint64_t ExpectedPageBytes(std::string_view status) {
  const Result<std::string> meminfo = ReadFile("/proc/meminfo");
  return meminfo.has_value() ? ExpectedPageBytes(status, meminfo.value()) : 0;
}

}  // namespace tardigrade
