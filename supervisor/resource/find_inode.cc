#include "supervisor/resource/find_inode.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <sstream>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

constexpr int kMostEntries = 20000;  // Looked at per directory.

bool IsIt(const std::string& path, const InodeRef& watch) {
  struct stat st = {};
  return lstat(path.c_str(), &st) == 0 && st.st_ino == watch.inode && st.st_dev == watch.device;
}

std::string FindByHandle(const InodeRef& watch, pid_t pid) {
  if (watch.handle.empty()) return "";
  const std::string mount = FindMountPoint(watch.device, pid);
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

std::string FindIn(const std::string& directory, const InodeRef& watch) {
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

uint64_t DeviceFromKernel(uint32_t device) { return makedev(device >> 20, device & 0xfffff); }

Status ParseHandle(const std::string& text, InodeRef& inode) {
  const size_t start = text.find("fhandle-bytes:");
  if (start == std::string::npos) return Ok();
  unsigned bytes = 0, type = 0;
  int digits_at = 0;
  const std::string handle = text.substr(start);
  if (std::sscanf(handle.c_str(), "fhandle-bytes:%x fhandle-type:%x f_handle:%n", &bytes, &type,
                  &digits_at) != 2 ||
      digits_at == 0 || bytes > MAX_HANDLE_SZ ||
      handle.size() < static_cast<size_t>(digits_at) + bytes * 2)
    return Error(ErrorCode::kInternal,
                 StrCat("a file handle this build cannot read: \"", handle, "\""));
  inode.handle_type = static_cast<int>(type);
  for (unsigned i = 0; i < bytes; ++i) {
    const std::string byte = handle.substr(static_cast<size_t>(digits_at) + i * 2, 2);
    inode.handle.push_back(static_cast<uint8_t>(std::strtoul(byte.c_str(), nullptr, 16)));
  }
  return Ok();
}

std::string FindMountPoint(uint64_t device, pid_t pid) {
  const Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/mountinfo"));
  if (!text.has_value()) return "";
  const std::string wanted = StrCat(major(device), ":", minor(device));
  std::istringstream lines(text.value());
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, number, root, point;
    words >> id >> parent >> number >> root >> point;
    if (number == wanted) return point;
  }
  return "";
}

std::string FindInode(const InodeRef& watch, const FdFacts& file, std::span<const FdFacts> all) {
  if (std::string path = FindByHandle(watch, file.pid); !path.empty() && IsIt(path, watch))
    return path;
  const std::set<std::string> places = Places(file, all);
  for (const std::string& place : places)
    if (IsIt(place, watch)) return place;
  for (const std::string& place : places)
    if (std::string path = FindIn(place, watch); !path.empty()) return path;
  return "";
}

const FdFacts* FindNameless(const InodeRef& watch, std::span<const FdFacts> all) {
  for (const FdFacts& other : all) {
    const bool is_kept = S_ISREG(other.stat.st_mode) || S_ISDIR(other.stat.st_mode);
    if (other.stat.st_ino == watch.inode && other.stat.st_dev == watch.device &&
        other.stat.st_nlink == 0 && is_kept)
      return &other;
  }
  return nullptr;
}

}  // namespace tardigrade
