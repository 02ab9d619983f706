#include "supervisor/checkpoint/namespaces.h"

#include <map>
#include <string>
#include <string_view>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/resource/init_name.h"

namespace tardigrade {
namespace {

// Whether the PID namespace of `pid` is one that a restore made: walks up to its init.
bool IsInOurNamespace(pid_t pid, const std::string& namespace_link) {
  for (int depth = 0; depth < 1000 && pid > 1; ++depth) {
    const Result<std::string> status = ReadFile(StrCat("/proc/", pid, "/status"));
    const Result<std::string> link = ReadLink(StrCat("/proc/", pid, "/ns/pid"));
    if (!status.has_value() || !link.has_value() || link.value() != namespace_link) return false;
    const Result<pid_t> inner = InnerId(status.value());
    const Result<uint64_t> parent = StatusNumber(status.value(), "PPid", 10);
    if (!inner.has_value() || !parent.has_value()) return false;
    if (inner.value() == 1) {
      const Result<std::string> comm = ReadFile(StrCat("/proc/", pid, "/comm"));
      return comm.has_value() && comm.value() == StrCat(kInitName, "\n");
    }
    pid = static_cast<pid_t>(parent.value());
  }
  return false;
}

constexpr std::string_view kNamespaces[] = {"pid", "user", "mnt",    "net",
                                            "uts", "ipc",  "cgroup", "time"};

// This process changes none of its own.
const std::map<std::string_view, std::string>& OwnNamespaces() {
  static const std::map<std::string_view, std::string> own = [] {
    std::map<std::string_view, std::string> links;
    for (const std::string_view name : kNamespaces) {
      const Result<std::string> link = ReadLink(StrCat("/proc/self/ns/", name));
      links[name] = link.has_value() ? link.value() : "";
    }
    return links;
  }();
  return own;
}

}  // namespace

Status CheckNamespaces(pid_t pid) {
  bool ours = false;
  for (const std::string_view name : kNamespaces) {
    const std::string& here = OwnNamespaces().at(name);
    if (here.empty()) continue;  // This kernel has no such namespaces.
    ASSIGN_OR_RETURN(const std::string there, ReadLink(StrCat("/proc/", pid, "/ns/", name)));
    if (here == there) continue;
    if (name == "pid") ours = IsInOurNamespace(pid, there);
    if (ours && (name == "pid" || name == "user" || name == "mnt" || name == "ipc")) continue;
    return Error(
        ErrorCode::kUnsupported,
        StrCat("it is in a ", name,
               " namespace of its own, which cannot be saved yet; run the supervisor inside it"));
  }
  return Ok();
}

}  // namespace tardigrade
