#include "supervisor/kernel/children.h"

#include <dirent.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <string>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

void AppendPids(const std::string& text, std::vector<pid_t>& pids) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    const auto [next, error] = std::from_chars(at, end, pid);
    if (error == std::errc()) pids.push_back(pid);
    at = next == at ? at + 1 : next;
  }
}

}  // namespace

Result<std::vector<pid_t>> ListChildren(pid_t pid) {
  const std::string path = StrCat("/proc/", pid, "/task");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  if (dir == nullptr) return Error::Syscall(ErrorCode::kTraceeGone, errno, StrCat("opening ", path));
  std::vector<pid_t> children;
  while (const dirent* entry = readdir(dir.get())) {
    if (entry->d_name[0] == '.') continue;
    const std::string thread = StrCat(path, "/", entry->d_name);
    const Result<std::string> text = ReadFile(thread + "/children");
    if (text.has_value()) {
      AppendPids(text.value(), children);
      continue;
    }
    const int error = text.error().errno_value();
    const bool gone = error == ESRCH || (error == ENOENT && !ReadFile(thread + "/stat").has_value());
    if (!gone) return text.error();
  }
  return children;
}

}  // namespace tardigrade
