#include "plugins/proc_file/proc_file_kind.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "supervisor/base/file_io.h"

namespace tardigrade::proc_file {
namespace {

// "/proc/12/maps" is {12, "maps"}.
struct Name {
  pid_t pid = 0;
  std::string entry;
};

std::optional<Name> ParseName(std::string_view link) {
  constexpr std::string_view kProc = "/proc/";
  if (!link.starts_with(kProc)) return std::nullopt;
  link.remove_prefix(kProc.size());
  Name name;
  const auto [end, error] = std::from_chars(link.data(), link.data() + link.size(), name.pid);
  if (error != std::errc() || end == link.data() + link.size() || *end != '/') return std::nullopt;
  name.entry = std::string(end + 1, link.data() + link.size());
  return name.entry.empty() ? std::nullopt : std::optional(std::move(name));
}

// Threads, descriptors and mappings are not there yet when files are made.
bool IsThereEarly(std::string_view entry) {
  if (entry.starts_with('/') || entry.find("..") != entry.npos) return false;
  return entry.find('/') == entry.npos || entry.starts_with("net/") || entry.starts_with("attr/");
}

dev_t DeviceOf(const std::string& path) {
  struct stat stat = {};
  return ::stat(path.c_str(), &stat) == 0 ? stat.st_dev : 0;
}

// Each /proc shows the numbers of one PID namespace: the supervisor's, or the one the process sees.
std::optional<pid_t> InnerPid(const FdFacts& file, std::span<const FdFacts> all, pid_t number) {
  if (file.stat.st_dev == DeviceOf("/proc")) {
    if (file.job != nullptr) return file.job->InnerProcess(number);
    return number == file.pid ? std::optional(file.inner_pid) : std::nullopt;
  }
  if (file.stat.st_dev != DeviceOf(StrCat("/proc/", file.pid, "/root", "/proc"))) return std::nullopt;
  const bool known = std::any_of(all.begin(), all.end(), [&](const FdFacts& other) { return other.inner_pid == number; });
  return known ? std::optional(number) : std::nullopt;
}

Result<ProcFileState> ReadState(const FdFacts& file, std::span<const FdFacts> all) {
  ProcFileState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.offset, OffsetOf(file));
  const Name name = ParseName(file.link).value_or(Name());
  const std::string what = StrCat("fd ", file.fd, " is ", file.link, ", a view of process ", name.pid);
  if (!IsThereEarly(name.entry))
    return Error(ErrorCode::kUnsupported,
                 StrCat(what, "'s threads, descriptors or mappings, which cannot be saved; close it first"));
  const std::optional<pid_t> inner = InnerPid(file, all, name.pid);
  if (!inner.has_value())
    return Error(ErrorCode::kUnsupported, StrCat(what, ", which is not saved along with it; close it first"));
  if (!file.info.FindAll("lock").empty())
    return Error(ErrorCode::kUnsupported, StrCat(what, ", and locked; unlock it first"));
  state.pid = *inner;
  state.entry = name.entry;
  return state;
}

}  // namespace

bool ProcFileKind::Claims(const FdFacts& file) const {
  struct statfs fs = {};
  return S_ISREG(file.stat.st_mode) && (file.info.flags & O_PATH) == 0 && ParseName(file.link).has_value() &&
         file.local_fd >= 0 && fstatfs(file.local_fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

Status ProcFileKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadState(file, all));
  return Ok();
}

Result<Value> ProcFileKind::Collect(const FdFacts& file, std::span<const FdFacts> all, CollectContext&) const {
  ASSIGN_OR_RETURN(const ProcFileState state, ReadState(file, all));
  return Encode(state);
}

Result<ScopedFd> ProcFileKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const ProcFileState state, Decode<ProcFileState>(value, "proc_file"));
  if (!IsThereEarly(state.entry)) return Error(ErrorCode::kBadImage, "proc_file.entry is none that is saved");
  ASSIGN_OR_RETURN(const std::string self, ReadLink("/proc/self"));
  if (self != std::to_string(getpid()))
    return Error(ErrorCode::kUnsupported,
                 "the job has a file of its /proc open, and no /proc of its PID namespace can be mounted here; restore "
                 "with --same-pids, or outside of the container");
  ASSIGN_OR_RETURN(ScopedFd fd, OpenFile(StrCat("/proc/", state.pid, "/", state.entry),
                                         static_cast<int>(state.open.flags & (O_ACCMODE | O_APPEND)) | O_NOFOLLOW));
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status ProcFileKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const ProcFileState state, Decode<ProcFileState>(value, "proc_file"));
  if (state.offset != 0)
    plan.Add(StrCat("setting the offset of fd ", fd), SYS_lseek, {fd, state.offset, SEEK_SET},
             {.may_fail = false, .exactly = static_cast<int64_t>(state.offset)});
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::proc_file
