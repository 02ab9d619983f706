#include "supervisor/resource/tracee_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <memory>
#include <string_view>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

std::string MapFilesPath(pid_t pid, const MemoryMapping& mapping) {
  std::ostringstream out;
  out << "/proc/" << pid << "/map_files/" << std::hex << mapping.start << '-' << mapping.end;
  return std::move(out).str();
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

// The descriptor of the process that is the mapping's file, as a path; "" if there is none.
std::string FindDescriptor(pid_t pid, const MemoryMapping& mapping) {
  const auto is_it = [&mapping](const std::string& path) {
    struct stat st = {};
    return stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == mapping.inode &&
           st.st_dev == mapping.dev;
  };
  const std::string exe = StrCat("/proc/", pid, "/exe");
  if (is_it(exe)) return exe;
  const std::string directory = StrCat("/proc/", pid, "/fd");
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory.c_str()), closedir);
  if (listing == nullptr) return "";
  while (const dirent* entry = readdir(listing.get())) {
    std::string path = StrCat(directory, "/", entry->d_name);
    if (entry->d_name[0] != '.' && is_it(path)) return path;
  }
  return "";
}

}  // namespace

std::string WithoutDeletedSuffix(const std::string& path) {
  constexpr std::string_view kSuffix = kDeletedSuffix;
  return path.ends_with(kSuffix) ? path.substr(0, path.size() - kSuffix.size()) : path;
}

std::optional<std::string> ReachTraceePath(pid_t pid, const std::string& path,
                                           const struct stat& stat) {
  for (const std::string& candidate : {StrCat("/proc/", pid, "/root", path), path}) {
    struct stat st = {};
    // What a descriptor refers to is never a link, unless it was opened as one.
    const int found =
        S_ISLNK(stat.st_mode) ? lstat(candidate.c_str(), &st) : ::stat(candidate.c_str(), &st);
    if (found == 0 && SameFile(st, stat)) return candidate;
  }
  return std::nullopt;
}

std::optional<std::string> ReachMappedPath(pid_t pid, const MemoryMapping& mapping) {
  struct stat exact = {};
  const bool is_exact = stat(MapFilesPath(pid, mapping).c_str(), &exact) == 0;
  if (is_exact) return ReachTraceePath(pid, mapping.path, exact);
  if (mapping.deleted) return std::nullopt;
  for (const std::string& candidate :
       {StrCat("/proc/", pid, "/root", mapping.path), mapping.path}) {
    struct stat st = {};
    if (stat(candidate.c_str(), &st) == 0 && st.st_ino == mapping.inode) return candidate;
  }
  return std::nullopt;
}

Result<ScopedFd> OpenMappedFile(pid_t pid, const MemoryMapping& mapping) {
  Result<ScopedFd> opened = OpenFile(MapFilesPath(pid, mapping), O_RDONLY);
  if (opened.has_value()) return opened;
  if (const std::string path = FindDescriptor(pid, mapping); !path.empty()) {
    opened = OpenFile(path, O_RDONLY);
    if (opened.has_value()) return opened;
  }
  return Error(
      ErrorCode::kUnsupported,
      StrCat("the mapping at ", Hex(mapping.start), " is of ", mapping.path,
             ", which has no name any more, and only root may read it (/proc/PID/map_files): "
             "snapshot as root, or start the job again with the present file"));
}

bool MappingMayWrite(pid_t pid, const MemoryMapping& mapping) {
  // The mode of the link is that of the open file: proc_map_files_instantiate(), fs/proc/base.c.
  struct stat st = {};
  if (lstat(MapFilesPath(pid, mapping).c_str(), &st) == 0) return (st.st_mode & S_IWUSR) != 0;
  return (mapping.prot & PROT_WRITE) != 0;
}

}  // namespace tardigrade
