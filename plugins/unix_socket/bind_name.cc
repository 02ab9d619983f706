#include "plugins/unix_socket/bind_name.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "plugins/unix_socket/address.h"
#include "plugins/unix_socket/private_root.h"

namespace tardigrade::unix_socket {
namespace {

Error InUse(const Name& name) {
  return Error(ErrorCode::kUnsupported,
               StrCat("the name ", NameText(name), " of a UNIX socket is in use",
                      name.is_path() ? "; end who uses it, or name another with --set-file"
                                     : " in this network namespace; end who uses it"));
}

Status Bind(int fd, const Name& name) {
  const Address address(name.text);
  if (bind(fd, address.data(), address.size()) == 0) return Ok();
  if (errno == EADDRINUSE) return InUse(name);
  return Error::Errno("binding a UNIX socket to ", NameText(name));
}

// Makes room for a socket at `path`.  A file that nobody is bound to was left by who was killed: a
// datagram socket finds out without anybody noticing (unix_find_bsd(), net/unix/af_unix.c, refuses
// where there is none, and another type with another error).
Status RemoveDead(const std::string& path, const Name& name) {
  struct stat st = {};
  if (lstat(path.c_str(), &st) != 0) return errno == ENOENT ? Status(Ok()) : Error::Errno("stat ", path);
  if (!S_ISSOCK(st.st_mode)) return InUse(name);
  ASSIGN_OR_RETURN(const ScopedFd probe, NewSocket(SOCK_DGRAM));
  const Address address(path.size() < kLongestName ? path : name.text);
  if (connect(probe.get(), address.data(), address.size()) == 0) return InUse(name);
  if (errno == EACCES) return Error::Errno("asking whether ", path, " is in use");
  if (errno != ECONNREFUSED) return InUse(name);
  if (unlink(path.c_str()) != 0) return Error::Errno("removing the dead socket ", path);
  return Ok();
}

Status SetOwnerAndMode(const std::string& path, const Name& name) {
  struct stat st = {};
  if (lstat(path.c_str(), &st) != 0) return Error::Errno("stat ", path);
  if ((st.st_uid != name.uid || st.st_gid != name.gid) &&
      lchown(path.c_str(), name.uid, name.gid) != 0)
    return Error::Errno("giving ", path, " to user ", name.uid, " and group ", name.gid);
  if (lstat(path.c_str(), &st) != 0) return Error::Errno("stat ", path);
  if ((st.st_mode & 07777) != name.mode && chmod(path.c_str(), name.mode) != 0)
    return Error::Errno("chmod ", path);
  return Ok();
}

// Bound under one name, and then moved to another, on the same file system.
Status BindAndRename(int fd, const Name& name, const std::function<Status()>& while_named) {
  const std::string path(name.text.c_str());
  RETURN_IF_ERROR(RemoveDead(name.renamed_to, name));
  const std::string parent = std::filesystem::path(name.renamed_to).parent_path().string();
  ASSIGN_OR_RETURN(const std::unique_ptr<ScopedPrivateRoot> root, ScopedPrivateRoot::Enter(parent));
  RETURN_IF_ERROR(root->MakeParents(path));
  RETURN_IF_ERROR(Bind(fd, name));
  RETURN_IF_ERROR(SetOwnerAndMode(path, name));
  if (while_named) RETURN_IF_ERROR(while_named());
  RETURN_IF_ERROR(root->Leave());
  if (rename(root->FromOutside(path).c_str(), name.renamed_to.c_str()) != 0)
    return Error::Errno("moving a socket to ", name.renamed_to);
  return Ok();
}

}  // namespace

Result<ScopedFd> NewSocket(int type) {
  ScopedFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Error::Errno("making a UNIX socket");
  return fd;
}

Status BindWithoutFile(int local_fd, const Name& name, const std::function<Status()>& while_named) {
  if (!name.is_path()) {
    if (!name.text.empty()) RETURN_IF_ERROR(Bind(local_fd, name));
    return while_named ? while_named() : Status(Ok());
  }
  const std::string path(name.text.c_str());
  ASSIGN_OR_RETURN(const std::unique_ptr<ScopedPrivateRoot> root, ScopedPrivateRoot::Enter("/tmp"));
  RETURN_IF_ERROR(root->MakeParents(path));
  RETURN_IF_ERROR(Bind(local_fd, name));
  if (chmod(path.c_str(), 0777) != 0) return Error::Errno("chmod ", path);
  return while_named ? while_named() : Status(Ok());
}

Status BindName(int local_fd, const Name& name, const std::function<Status()>& while_named) {
  if (!name.is_path() || !name.has_file) return BindWithoutFile(local_fd, name, while_named);
  if (!name.renamed_to.empty()) return BindAndRename(local_fd, name, while_named);
  ASSIGN_OR_RETURN(const ScopedDirectory directory, ScopedDirectory::Enter(name.directory));
  const std::string path(name.text.c_str());
  RETURN_IF_ERROR(RemoveDead(path, name));
  RETURN_IF_ERROR(Bind(local_fd, name));
  RETURN_IF_ERROR(SetOwnerAndMode(path, name));
  return while_named ? while_named() : Status(Ok());
}

std::string ReachableText(const Name& name) {
  return name.renamed_to.empty() ? name.text : name.renamed_to;
}

}  // namespace tardigrade::unix_socket
