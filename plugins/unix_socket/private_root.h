#ifndef PLUGINS_UNIX_SOCKET_PRIVATE_ROOT_H_
#define PLUGINS_UNIX_SOCKET_PRIVATE_ROOT_H_

#include <memory>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::unix_socket {

// An empty directory that is the root and working directory of this process while it lives: in it
// any path is free, for a socket whose name has no file, or another's.
class ScopedPrivateRoot {
 public:
  // `parent`: where the directory is made.  Errors: kDenied without CAP_SYS_CHROOT.
  static Result<std::unique_ptr<ScopedPrivateRoot>> Enter(const std::string& parent);
  ~ScopedPrivateRoot();
  ScopedPrivateRoot(const ScopedPrivateRoot&) = delete;

  // Makes the directories above `path`.
  Status MakeParents(const std::string& path);

  // Back to the root and working directory of before.
  Status Leave();

  // What is `path` inside, as seen after Leave().
  std::string FromOutside(const std::string& path) const { return directory_ + "/" + path; }

 private:
  ScopedPrivateRoot() = default;
  std::string directory_;
  ScopedFd old_root_;
  ScopedFd old_cwd_;
  bool inside_ = false;
};

// The working directory of this process is `directory` while it lives; none if that is "".
class ScopedDirectory {
 public:
  static Result<ScopedDirectory> Enter(const std::string& directory);
  ~ScopedDirectory();
  ScopedDirectory(ScopedDirectory&&) noexcept = default;

 private:
  ScopedDirectory() = default;
  ScopedFd before_;
};

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_PRIVATE_ROOT_H_
