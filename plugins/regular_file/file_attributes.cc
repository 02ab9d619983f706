#include "plugins/regular_file/file_attributes.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace tardigrade::regular_file {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr size_t kMostBytes = 64 << 10;  // XATTR_SIZE_MAX and XATTR_LIST_MAX, linux/limits.h.

bool IsSaved(const std::string& name) {
  return name.starts_with("user.") || name == "system.posix_acl_access";
}

// Where there are none, or none can be, nothing.
Status ReadExtended(int local_fd, std::map<std::string, std::string>& extended) {
  std::vector<char> names(kMostBytes);
  const ssize_t bytes = flistxattr(local_fd, names.data(), names.size());
  for (ssize_t at = 0; at < bytes;) {
    const std::string name = names.data() + at;
    at += static_cast<ssize_t>(name.size()) + 1;
    if (!IsSaved(name)) continue;
    std::string value(kMostBytes, '\0');
    const ssize_t size = fgetxattr(local_fd, name.c_str(), value.data(), value.size());
    if (size < 0) return Error::Errno("reading the extended attribute ", name);
    value.resize(static_cast<size_t>(size));
    extended.emplace(name, std::move(value));
  }
  return Ok();
}

}  // namespace

Result<FileAttributes> ReadAttributes(int local_fd) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat");
  FileAttributes attributes;
  attributes.mode = st.st_mode & 07777;
  attributes.uid = st.st_uid;
  attributes.gid = st.st_gid;
  attributes.mtime_ns = st.st_mtim.tv_sec * kNsPerSecond + st.st_mtim.tv_nsec;
  RETURN_IF_ERROR(ReadExtended(local_fd, attributes.extended));
  return attributes;
}

Status SetAttributes(const FileAttributes& attributes, const std::string& path, int local_fd,
                     CreateContext& context) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat ", path);
  if ((st.st_uid != attributes.uid || st.st_gid != attributes.gid) &&
      fchown(local_fd, attributes.uid, attributes.gid) != 0)
    context.Warn(StrCat(path, " belonged to user ", attributes.uid, " and group ", attributes.gid,
                        ", and is the restorer's now"));
  for (const auto& [name, value] : attributes.extended) {
    if (!IsSaved(name)) return Error(ErrorCode::kBadImage, StrCat("extended attribute ", name));
    if (fsetxattr(local_fd, name.c_str(), value.data(), value.size(), 0) != 0)
      context.Warn(StrCat(path, " has lost its extended attribute ", name, ": ", strerror(errno)));
  }
  // Last: a new owner takes away some bits of the mode, and a list of its own changes it.
  if (fchmod(local_fd, attributes.mode) != 0) return Error::Errno("fchmod ", path);
  const int64_t ns = ((attributes.mtime_ns % kNsPerSecond) + kNsPerSecond) % kNsPerSecond;
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                             {.tv_sec = (attributes.mtime_ns - ns) / kNsPerSecond, .tv_nsec = ns}};
  if (futimens(local_fd, times) != 0) return Error::Errno("setting the time of ", path);
  return Ok();
}

}  // namespace tardigrade::regular_file
