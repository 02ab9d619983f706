#include "supervisor/tracee/proc_status.h"

#include <cerrno>
#include <charconv>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

// The numbers of `text`, in `base`, up to the first thing that is none.
std::vector<uint64_t> Numbers(std::string_view text, int base) {
  std::vector<uint64_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (*at == ' ' || *at == '\t') {
      ++at;
      continue;
    }
    uint64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number, base);
    if (error != std::errc()) break;
    numbers.push_back(number);
    at = next;
  }
  return numbers;
}

template <typename T>
std::vector<T> Ids(std::string_view text) {
  std::vector<T> ids;
  for (const uint64_t number : Numbers(text, 10)) ids.push_back(static_cast<T>(number));
  return ids;
}

// False if the line should hold a number and does not.
bool ParseLine(std::string_view key, std::string_view value, TraceeStatus& status) {
  const auto number = [&value](auto& out, int base = 10) {
    const std::vector<uint64_t> numbers = Numbers(value, base);
    if (numbers.empty()) return false;
    out = static_cast<std::remove_reference_t<decltype(out)>>(numbers[0]);
    return true;
  };
  if (key == "State") {
    const size_t at = value.find_first_not_of(" \t");
    if (at != std::string_view::npos) status.state = value[at];
    return at != std::string_view::npos;
  }
  if (key == "Tgid") return number(status.thread_group);
  if (key == "PPid") return number(status.parent);
  if (key == "TracerPid") return number(status.tracer);
  if (key == "Uid") return (status.uids = Ids<uid_t>(value)).size() == 4;
  if (key == "NSpid") return !(status.inner_tids = Ids<pid_t>(value)).empty();
  if (key == "Kthread") return number(status.kernel_thread);
  if (key == "Seccomp") return number(status.seccomp);
  if (key == "SigPnd") return number(status.pending, 16);
  if (key == "ShdPnd") return number(status.process_pending, 16);
  if (key == "SigBlk") return number(status.blocked, 16);
  if (key == "SigIgn") return number(status.ignored, 16);
  if (key == "VmSize") {
    uint64_t kib = 0;
    if (!number(kib)) return false;
    status.memory_bytes = kib << 10;
  }
  if (key == "x86_Thread_features")
    status.shadow_stack = value.find("shstk") != std::string_view::npos;
  return true;
}

}  // namespace

Result<TraceeStatus> ParseStatus(std::string_view text) {
  TraceeStatus status;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (!ParseLine(line.substr(0, colon), line.substr(colon + 1), status))
      return Error(ErrorCode::kInternal, StrCat("cannot read this line of status: ", line));
  }
  if (!status.memory_bytes && status.state != 'Z' && status.state != 'X')
    status.kernel_thread = true;
  return status;
}

Result<TraceeStatus> ReadStatus(pid_t pid, pid_t tid) {
  const std::string path = StrCat("/proc/", pid, "/task/", tid, "/status");
  Result<std::string> text = ReadFile(path);
  if (!text.has_value()) {
    const int err = text.error().errno_value();
    if (err == ENOENT || err == ESRCH)
      return Error(ErrorCode::kTraceeGone, StrCat("thread ", tid, " of process ", pid, " is gone"));
    return std::move(text).error();
  }
  ASSIGN_OR_RETURN(TraceeStatus status, ParseStatus(text.value()), "reading ", path);
  return status;
}

}  // namespace tardigrade
