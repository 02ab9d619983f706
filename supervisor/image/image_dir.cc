#include "supervisor/image/image_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace tardigrade::image_dir {

bool IsFileName(std::string_view name) {
  const auto is_fine = [](char c) { return c > 0x20 && c < 0x7f && c != '/'; };
  return !name.empty() && name.size() <= 255 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_fine);
}

bool IsPageFile(std::string_view name) {
  return name.starts_with("pages-") && name.ends_with(".bin");
}

std::string PagesName(std::string_view name) { return StrCat("pages-", name, ".bin"); }
std::string PagemapName(std::string_view name) { return StrCat("pagemap-", name, ".bin"); }

std::string FormatSum(uint64_t checksum) {
  char text[20];
  std::snprintf(text, sizeof(text), "%016llx\n", static_cast<unsigned long long>(checksum));
  return text;
}

Result<std::vector<std::string>> ListFiles(int dir_fd, const std::string& path) {
  ScopedFd fd(openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return Error::Errno("opening ", path);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(fdopendir(fd.get()), closedir);
  if (dir == nullptr) return Error::Errno("listing ", path);
  fd.Release();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat st = {};
    if (fstatat(dir_fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      return Error::Errno("looking at ", path, "/", name);
    if (!S_ISREG(st.st_mode))
      return Error(ErrorCode::kUsage, StrCat(path, " is no image: it holds ", name));
    names.push_back(name);
    errno = 0;
  }
  if (errno != 0) return Error::Errno("listing ", path);
  return names;
}

Status RemoveFiles(int dir_fd, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFiles(dir_fd, path));
  for (const std::string& name : names) {
    if (unlinkat(dir_fd, name.c_str(), 0) != 0 && errno != ENOENT)
      return Error::Errno("removing ", path, "/", name);
  }
  return Ok();
}

Result<ScopedFd> OpenForReading(int dir_fd, const std::string& name) {
  if (!IsFileName(name)) return Error(ErrorCode::kBadImage, "malformed file name in the image");
  // O_NONBLOCK: opening a FIFO put in the file's place must not wait.
  ScopedFd fd(openat(dir_fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid() && (errno == ENOENT || errno == ELOOP))
    return Error(ErrorCode::kBadImage,
                 StrCat(name, errno == ELOOP ? " is a symbolic link" : " is missing"));
  if (!fd.valid()) return Error::Errno("opening ", name);
  struct stat st = {};
  if (fstat(fd.get(), &st) != 0) return Error::Errno("fstat of ", name);
  if (!S_ISREG(st.st_mode))
    return Error(ErrorCode::kBadImage, StrCat(name, " is not a regular file"));
  return fd;
}

Result<uint64_t> SizeOf(int fd, const std::string& name) {
  struct stat st = {};
  if (fstat(fd, &st) != 0) return Error::Errno("fstat of ", name);
  return static_cast<uint64_t>(st.st_size);
}

}  // namespace tardigrade::image_dir
