#include "supervisor/resource/tracee_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

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

// Whether maps shows the file at `path` as it shows `mapping`: by mapping it here.
bool IsShownAs(const std::string& path, const MemoryMapping& mapping) {
  constexpr size_t kBytes = 1;
  const Result<ScopedFd> file = OpenFile(path, O_RDONLY | O_NONBLOCK);
  if (!file.has_value()) return false;
  void* const mapped = mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE, file.value().get(), 0);
  if (mapped == MAP_FAILED) return false;
  const Result<std::string> text = ReadFile("/proc/self/maps");
  munmap(mapped, kBytes);
  if (!text.has_value()) return false;
  const Result<std::vector<MemoryMapping>> all = ParseMaps(text.value());
  if (!all.has_value()) return false;
  return std::any_of(all.value().begin(), all.value().end(), [&](const MemoryMapping& own) {
    return own.start == reinterpret_cast<uint64_t>(mapped) && own.dev == mapping.dev &&
           own.inode == mapping.inode;
  });
}

// overlayfs and btrfs have two ways to number a file: fs/overlayfs/inode.c, ovl_map_dev_ino();
// fs/btrfs/inode.c, btrfs_getattr().
bool IsBehind(const MemoryMapping& mapping, const std::string& path) {
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return false;
  return (st.st_ino == mapping.inode && st.st_dev == mapping.dev) || IsShownAs(path, mapping);
}

// The descriptor of the process that is the mapping's file, as a path; "" if there is none.
std::string FindDescriptor(pid_t pid, const MemoryMapping& mapping) {
  const auto is_it = [&mapping](const std::string& path) {
    struct stat st = {};
    if (stat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return false;
    if (st.st_ino == mapping.inode && st.st_dev == mapping.dev) return true;
    const Result<std::string> link = ReadLink(path);
    return link.has_value() && WithoutDeletedSuffix(link.value()) == mapping.path &&
           IsShownAs(path, mapping);
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

namespace {

// The first file of the directory that `path` was in, with that inode, that `is_it` finds right by
// its path here; as the tracee would know it.
std::optional<std::string> FindBeside(pid_t pid, const std::string& path, uint64_t inode,
                                      const std::function<bool(const std::string&)>& is_it) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return std::nullopt;
  const std::string directory = path.substr(0, slash);
  const std::string reached = StrCat("/proc/", pid, "/root", directory, "/");
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(reached.c_str()), closedir);
  if (listing == nullptr) return std::nullopt;
  struct statfs fs = {};
  // overlayfs may list other numbers than stat(2) says: fs/overlayfs/readdir.c, ovl_calc_d_ino().
  const bool is_numbered =
      fstatfs(dirfd(listing.get()), &fs) == 0 && fs.f_type != OVERLAYFS_SUPER_MAGIC;
  while (const dirent* entry = readdir(listing.get())) {
    if (is_numbered && entry->d_ino != inode) continue;
    if (is_it(reached + entry->d_name)) return StrCat(directory, "/", entry->d_name);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> FindOtherName(pid_t pid, const std::string& path,
                                         const struct stat& stat) {
  return FindBeside(pid, path, stat.st_ino, [&](const std::string& candidate) {
    struct stat st = {};
    return lstat(candidate.c_str(), &st) == 0 && SameFile(st, stat);
  });
}

std::optional<std::string> FindOtherName(pid_t pid, const MemoryMapping& mapping) {
  const Result<ScopedFd> file = OpenMappedFile(pid, mapping);
  struct stat st = {};
  if (file.has_value() && fstat(file.value().get(), &st) == 0)
    return st.st_nlink == 0 ? std::nullopt : FindOtherName(pid, mapping.path, st);
  return FindBeside(pid, mapping.path, mapping.inode,
                    [&](const std::string& candidate) { return IsBehind(mapping, candidate); });
}

std::optional<std::string> ReachMappedPath(pid_t pid, const MemoryMapping& mapping) {
  struct stat exact = {};
  const bool is_exact = stat(MapFilesPath(pid, mapping).c_str(), &exact) == 0;
  if (is_exact) return ReachTraceePath(pid, mapping.path, exact);
  if (mapping.deleted) return std::nullopt;
  for (const std::string& candidate :
       {StrCat("/proc/", pid, "/root", mapping.path), mapping.path}) {
    if (IsBehind(mapping, candidate)) return candidate;
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
