#include "plugins/unix_socket/private_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "supervisor/base/file_io.h"

namespace tardigrade::unix_socket {
namespace {

// A change that cannot fail, or whose failure shows elsewhere.
void Ignore(int) {}

}  // namespace

Result<std::unique_ptr<ScopedPrivateRoot>> ScopedPrivateRoot::Enter(const std::string& parent) {
  std::unique_ptr<ScopedPrivateRoot> root(new ScopedPrivateRoot());
  std::string pattern = parent + "/.tardigrade-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr)
    return Error::Errno("making a directory for the name of a socket in ", parent);
  root->directory_ = pattern;
  // Others may have to reach what is in it: who connects may be another user.
  if (chmod(pattern.c_str(), 0711) != 0) return Error::Errno("chmod ", pattern);
  ASSIGN_OR_RETURN(root->old_root_, OpenFile("/", O_PATH | O_DIRECTORY));
  ASSIGN_OR_RETURN(root->old_cwd_, OpenFile(".", O_PATH | O_DIRECTORY));
  if (chroot(pattern.c_str()) != 0)
    return Error::Errno("giving a socket a name that has no file takes CAP_SYS_CHROOT: chroot");
  root->inside_ = true;
  if (chdir("/") != 0) return Error::Errno("chdir to a new root");
  return root;
}

Status ScopedPrivateRoot::MakeParents(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (mkdir(path.substr(0, slash).c_str(), 0711) != 0 && errno != EEXIST)
      return Error::Errno("making the directories of ", path);
  }
  return Ok();
}

Status ScopedPrivateRoot::Leave() {
  if (!inside_) return Ok();
  inside_ = false;
  if (fchdir(old_root_.get()) != 0 || chroot(".") != 0 || fchdir(old_cwd_.get()) != 0)
    return Error::Errno("going back to the root directory");
  return Ok();
}

ScopedPrivateRoot::~ScopedPrivateRoot() {
  if (!Leave().has_value()) return;  // Better a directory left than the wrong one removed.
  std::error_code failed;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, failed);
}

Result<ScopedDirectory> ScopedDirectory::Enter(const std::string& directory) {
  ScopedDirectory scoped;
  if (directory.empty()) return scoped;
  ASSIGN_OR_RETURN(scoped.before_, OpenFile(".", O_PATH | O_DIRECTORY));
  if (chdir(directory.c_str()) != 0) return Error::Errno("chdir to ", directory);
  return scoped;
}

ScopedDirectory::~ScopedDirectory() {
  if (before_.valid()) Ignore(fchdir(before_.get()));
}

}  // namespace tardigrade::unix_socket
