#include "plugins/unix_socket/locate_name.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "supervisor/base/file_io.h"

namespace tardigrade::unix_socket {
namespace {

constexpr unsigned long kSiocUnixFile = 0x89E0;  // SIOCUNIXFILE, include/uapi/linux/un.h.

bool IsFile(const std::string& path, const UnixSocketInfo::File& file, struct stat& st) {
  return lstat(path.c_str(), &st) == 0 && S_ISSOCK(st.st_mode) &&
         static_cast<uint32_t>(st.st_ino) == file.inode &&
         st.st_dev == makedev(file.device >> 20, file.device & 0xfffff);
}

// Where the kernel says the file is; "" if it has no name any more, or this user may not ask
// (CAP_NET_ADMIN).
std::string AskForPath(int local_fd) {
  const ScopedFd file(ioctl(local_fd, kSiocUnixFile));
  if (!file.valid()) return std::string();
  const Result<std::string> path = ReadLink(StrCat("/proc/self/fd/", file.get()));
  return path.has_value() ? path.value() : std::string();
}

// A file of the same directory under another name: "bind, then rename" is a usual thing to do.
std::string FindRenamed(const std::string& path, const UnixSocketInfo::File& file) {
  std::error_code failed;
  struct stat st = {};
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  for (std::filesystem::directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    if (IsFile(it->path().string(), file, st)) return it->path().string();
  }
  return std::string();
}

void SetFile(const struct stat& st, Name& name) {
  name.has_file = true;
  name.mode = st.st_mode & 07777;
  name.uid = st.st_uid;
  name.gid = st.st_gid;
}

}  // namespace

Result<Name> LocateName(pid_t pid, const std::string& text, int local_fd,
                        const std::optional<UnixSocketInfo::File>& file) {
  Name name;
  name.text = text;
  if (!name.is_path()) return name;
  const std::string path(text.c_str());
  const std::string root = StrCat("/proc/", pid, "/root");
  std::string shown = root + path;
  if (path[0] != '/') {
    ASSIGN_OR_RETURN(name.directory, ReadLink(StrCat("/proc/", pid, "/cwd")));
    shown = StrCat("/proc/", pid, "/cwd/", path);
  }
  if (local_fd < 0 || !file.has_value()) return name;
  struct stat st = {};
  // Whose root is not the caller's binds where others see another path.
  ASSIGN_OR_RETURN(std::string outer_root, ReadLink(root));
  if (outer_root == "/") outer_root.clear();
  if (IsFile(shown, *file, st)) {
    SetFile(st, name);
    if (path[0] == '/' && !outer_root.empty()) name.renamed_to = outer_root + path;
    return name;
  }
  std::string elsewhere = AskForPath(local_fd);
  if (elsewhere.empty() || !IsFile(elsewhere, *file, st)) elsewhere = FindRenamed(shown, *file);
  if (elsewhere.empty() || !IsFile(elsewhere, *file, st)) return name;
  SetFile(st, name);
  name.renamed_to = elsewhere;
  if (path[0] == '/' && elsewhere.starts_with(root))
    name.renamed_to = outer_root + elsewhere.substr(root.size());
  const std::string tail = "/" + path;
  const std::string cwd = StrCat("/proc/", pid, "/cwd");
  if (path[0] != '/' && elsewhere.starts_with(cwd + "/"))
    name.renamed_to = name.directory + elsewhere.substr(cwd.size());
  // A relative path of a directory that the process has left since.
  if (path[0] != '/' && name.renamed_to.ends_with(tail) && name.renamed_to.size() > tail.size()) {
    name.directory = name.renamed_to.substr(0, name.renamed_to.size() - tail.size());
    name.renamed_to.clear();
  }
  return name;
}

}  // namespace tardigrade::unix_socket
