#include "supervisor/kernel/sysv_ipc.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "supervisor/base/file_io.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {
namespace {

constexpr size_t kStackBytes = size_t{1} << 20;

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t at = line.find_first_not_of(' '); at < line.size();
       at = line.find_first_not_of(' ', at)) {
    const size_t end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

Result<SysvIpcRow> ParseRow(const std::vector<std::string_view>& names, std::string_view line) {
  const std::vector<std::string_view> words = Words(line);
  const Error bad(ErrorCode::kInternal, StrCat("a line of /proc/sysvipc: \"", line, "\""));
  if (words.size() != names.size()) return bad;
  SysvIpcRow row;
  for (size_t i = 0; i < words.size(); ++i) {
    const char* const end = words[i].data() + words[i].size();
    int64_t number = 0;
    const auto parsed = std::from_chars(words[i].data(), end, number, names[i] == "perms" ? 8 : 10);
    if (parsed.ptr != end || parsed.ec != std::errc{}) return bad;
    row.emplace(names[i], number);
  }
  return row;
}

// What the task that shares this process's memory works with.
struct Excursion {
  int pidfd;
  int namespaces;
  const std::function<void()>* run;
  int error = 0;
};

int RunThere(void* argument) {
  auto* const excursion = static_cast<Excursion*>(argument);
  if (setns(excursion->pidfd, excursion->namespaces) != 0) {
    excursion->error = errno;
    return 0;
  }
  (*excursion->run)();
  return 0;
}

Result<bool> IsSameNamespace(pid_t pid, const char* name) {
  ASSIGN_OR_RETURN(const std::string here, ReadLink(StrCat("/proc/self/ns/", name)));
  ASSIGN_OR_RETURN(const std::string there, ReadLink(StrCat("/proc/", pid, "/ns/", name)));
  return here == there;
}

}  // namespace

Result<std::vector<SysvIpcRow>> ParseSysvIpc(std::string_view text) {
  std::vector<SysvIpcRow> rows;
  std::vector<std::string_view> names;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (names.empty()) {
      names = Words(line);
      continue;
    }
    ASSIGN_OR_RETURN(SysvIpcRow row, ParseRow(names, line));
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<SysvIpcRow>> ReadSysvIpc(const std::string& which) {
  const Result<std::string> text = ReadFile("/proc/sysvipc/" + which);
  if (!text.has_value() && text.error().errno_value() == ENOENT) return std::vector<SysvIpcRow>();
  RETURN_IF_ERROR(text);
  return ParseSysvIpc(text.value());
}

Result<bool> IsInThisIpcNamespace(pid_t pid) { return IsSameNamespace(pid, "ipc"); }

// A thread may not change its user namespace, and one that changes its IPC namespace needs rights in its
// own user namespace; a task with a thread group of its own has neither trouble (kernel/user_namespace.c,
// userns_install(); ipc/namespace.c, ipcns_install()).
Status InIpcNamespaceOf(pid_t pid, const std::function<void()>& run) {
  ASSIGN_OR_RETURN(const bool here, IsInThisIpcNamespace(pid));
  if (here) {
    run();
    return Ok();
  }
  ASSIGN_OR_RETURN(const bool same_user, IsSameNamespace(pid, "user"));
  const ScopedFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid()) return Error::Errno("pidfd_open of process ", pid);
  void* const stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return Error::Errno("making a stack");
  Excursion excursion{.pidfd = pidfd.get(),
                      .namespaces = CLONE_NEWIPC | (same_user ? 0 : CLONE_NEWUSER),
                      .run = &run};
  const pid_t child = clone(RunThere, static_cast<char*>(stack) + kStackBytes,
                            CLONE_VM | CLONE_VFORK | SIGCHLD, &excursion);
  const int error = errno;
  if (child > 0) {
    while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  munmap(stack, kStackBytes);
  errno = child < 0 ? error : excursion.error;
  if (errno != 0) return Error::Errno("entering the IPC namespace of process ", pid);
  return Ok();
}

}  // namespace tardigrade
