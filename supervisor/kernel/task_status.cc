#include "supervisor/kernel/task_status.h"

#include <charconv>
#include <string>

#include "supervisor/base/file_io.h"

namespace tardigrade {

Result<std::string_view> StatusField(std::string_view status, std::string_view key) {
  while (!status.empty()) {
    const size_t end = status.find('\n');
    std::string_view line = status.substr(0, end);
    status = end == std::string_view::npos ? std::string_view() : status.substr(end + 1);
    if (line.size() <= key.size() || !line.starts_with(key) || line[key.size()] != ':') continue;
    line.remove_prefix(key.size() + 1);
    const size_t first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::string_view();
    return line.substr(first, line.find_last_not_of(" \t") - first + 1);
  }
  return Error(ErrorCode::kUnsupported, StrCat("this kernel's /proc/PID/status has no ", key));
}

Result<std::vector<uint64_t>> StatusNumbers(std::string_view status, std::string_view key,
                                            int base) {
  ASSIGN_OR_RETURN(std::string_view text, StatusField(status, key));
  std::vector<uint64_t> numbers;
  while (!text.empty()) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc())
      return Error(ErrorCode::kInternal, StrCat(key, " is not a number: ", text));
    numbers.push_back(number);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const size_t next = text.find_first_not_of(" \t");
    if (next == 0) return Error(ErrorCode::kInternal, StrCat(key, " is not a number: ", text));
    text.remove_prefix(next == std::string_view::npos ? text.size() : next);
  }
  return numbers;
}

Result<uint64_t> StatusNumber(std::string_view status, std::string_view key, int base) {
  ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, StatusNumbers(status, key, base));
  if (numbers.size() != 1) return Error(ErrorCode::kInternal, StrCat(key, " is not one number"));
  return numbers[0];
}

Result<pid_t> InnerId(std::string_view status) {
  ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, StatusNumbers(status, "NSpid", 10));
  if (numbers.empty() || numbers.back() == 0)
    return Error(ErrorCode::kInternal, "NSpid of status has no number");
  return static_cast<pid_t>(numbers.back());
}

Result<pid_t> ReadInnerTid(pid_t pid, pid_t tid) {
  const std::string path = StrCat("/proc/", pid, "/task/", tid, "/status");
  ASSIGN_OR_RETURN(const std::string status, ReadFile(path));
  return InnerId(status);
}

}  // namespace tardigrade
