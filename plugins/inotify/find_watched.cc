#include "plugins/inotify/find_watched.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstring>
#include <memory>
#include <set>
#include <sstream>

#include "supervisor/base/file_io.h"

namespace tardigrade::inotify {
namespace {

constexpr int kMostEntries = 20000;  // Looked at per directory.

bool IsIt(const std::string& path, const WatchLine& watch) {
  struct stat st = {};
  return lstat(path.c_str(), &st) == 0 && st.st_ino == watch.inode && st.st_dev == watch.device;
}

// A mount point of the watched file system, as the process sees it; "" if it has none.
std::string FindMount(const WatchLine& watch, pid_t pid) {
  const Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/mountinfo"));
  if (!text.has_value()) return "";
  const std::string device = StrCat(major(watch.device), ":", minor(watch.device));
  std::istringstream lines(text.value());
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, number, root, point;
    words >> id >> parent >> number >> root >> point;
    if (number == device) return point;
  }
  return "";
}

std::string FindByHandle(const WatchLine& watch, pid_t pid) {
  if (watch.handle.empty()) return "";
  const std::string mount = FindMount(watch, pid);
  if (mount.empty()) return "";
  const Result<ScopedFd> root =
      OpenFile(StrCat("/proc/", pid, "/root", mount), O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!root.has_value()) return "";
  alignas(file_handle) char storage[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* const handle = reinterpret_cast<file_handle*>(storage);
  handle->handle_bytes = static_cast<unsigned>(watch.handle.size());
  handle->handle_type = watch.handle_type;
  std::memcpy(handle->f_handle, watch.handle.data(), watch.handle.size());
  const ScopedFd found(open_by_handle_at(root.value().get(), handle, O_PATH | O_CLOEXEC));
  if (!found.valid()) return "";
  // A file that nobody has looked up by name has no path yet: the caller compares.
  const Result<std::string> path = ReadLink(StrCat("/proc/self/fd/", found.get()));
  return path.has_value() ? path.value() : "";
}

void AddWithParents(std::string path, std::set<std::string>& places) {
  while (path.size() > 1 && path.front() == '/' && places.insert(path).second) {
    const size_t slash = path.rfind('/');
    path.resize(slash == 0 ? 1 : slash);
  }
}

std::set<std::string> Places(const FdFacts& file, std::span<const FdFacts> all) {
  std::set<std::string> places{"/", "/etc", "/tmp", "/dev", "/run"};
  for (const char* link : {"cwd", "exe", "root"}) {
    const Result<std::string> path = ReadLink(StrCat("/proc/", file.pid, "/", link));
    if (path.has_value()) AddWithParents(path.value(), places);
  }
  for (const FdFacts& other : all) AddWithParents(other.link, places);
  return places;
}

std::string FindIn(const std::string& directory, const WatchLine& watch) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(directory.c_str()), closedir);
  if (listing == nullptr) return "";
  for (int i = 0; i < kMostEntries; ++i) {
    const dirent* const entry = readdir(listing.get());
    if (entry == nullptr) break;
    if (entry->d_ino != watch.inode || std::strcmp(entry->d_name, ".") == 0 ||
        std::strcmp(entry->d_name, "..") == 0)
      continue;
    std::string path =
        directory == "/" ? StrCat("/", entry->d_name) : StrCat(directory, "/", entry->d_name);
    if (IsIt(path, watch)) return path;
  }
  return "";
}

}  // namespace

Result<std::string> FindWatched(const WatchLine& watch, const FdFacts& file,
                                std::span<const FdFacts> all) {
  if (std::string path = FindByHandle(watch, file.pid); !path.empty() && IsIt(path, watch))
    return path;
  const std::set<std::string> places = Places(file, all);
  for (const std::string& place : places)
    if (IsIt(place, watch)) return place;
  for (const std::string& place : places)
    if (std::string path = FindIn(place, watch); !path.empty()) return path;
  return Error(
      ErrorCode::kUnsupported,
      StrCat(
          "the inotify instance fd ", file.fd, " watches inode ", watch.inode, " of device ",
          major(watch.device), ":", minor(watch.device),
          ", whose path only root can find (or which was deleted): snapshot as root, or remove the "
          "watch ",
          watch.wd));
}

}  // namespace tardigrade::inotify
